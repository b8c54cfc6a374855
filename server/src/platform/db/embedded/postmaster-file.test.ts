import assert from 'node:assert/strict'
import { it } from 'node:test'
import { parsePostmasterFile } from './postmaster-file.ts'

it('a postmaster.pid gives the process and the socket folder', () => {
  const text = '4711\n/srv/data/database\n1763800000\n5432\n/run/tangga-1\n\n 16808 3\nready   \n'
  assert.deepEqual(parsePostmasterFile(text), { pid: 4711, socketFolder: '/run/tangga-1' })
})

it('a torn one gives what it has, and none without a process', () => {
  assert.deepEqual(parsePostmasterFile('4711\n/srv'), { pid: 4711, socketFolder: undefined })
  for (const text of ['', '\n', 'x\n', '-4\n', '0']) assert.equal(parsePostmasterFile(text), undefined, text)
})
