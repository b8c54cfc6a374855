/**
 * StartupRefusal is a reason not to start that a person can act on. Its message is one line that says what is wrong and
 * what to do about it; the process prints that line, without a stack, and exits 1.
 */
export class StartupRefusal extends Error {
  override name = 'StartupRefusal'
}
