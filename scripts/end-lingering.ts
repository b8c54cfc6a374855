import { appendFileSync } from 'node:fs'
import { after } from 'node:test'

/** Long enough for the report of a file to be written out, however busy the machine is. */
const patienceMs = 5_000

// Loaded into every test file's process. A test that failed before it could clean up leaves a pool or a server open, and
// its process would never end. Ending it at once would cut off what is still to be reported, and with it tests.
after(() => {
  // A file that never comes here was cut short; the runner looks for its line.
  const ended = process.env['TANGGA_TEST_ENDED']
  if (ended) appendFileSync(ended, `${process.argv[1]}\n`)
  setTimeout(() => process.exit(), patienceMs).unref()
})
