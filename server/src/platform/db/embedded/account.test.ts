import assert from 'node:assert/strict'
import { it } from 'node:test'
import { parsePasswd } from './account.ts'

it('accounts are read from passwd lines, and lines without numbers are left out', () => {
  const text =
    'root:x:0:0:root:/root:/bin/bash\n# note\n+@nis\nnobody:x:65534:65533::/:/usr/sbin/nologin\nodd:x:a:b::/:\n'
  assert.deepEqual(parsePasswd(text), [
    { name: 'root', uid: 0, gid: 0 },
    { name: 'nobody', uid: 65534, gid: 65533 },
  ])
})
