import { queryOptions } from '@tanstack/react-query'
import { session } from './browser-session.ts'
import { queryClient } from './query-client.ts'
import { request, send, sendPublic } from './request.ts'
import type { Grant } from './session.ts'
import type { User } from './types.ts'

/** meQuery is the signed-in user. */
export const meQuery = queryOptions({ queryKey: ['me'], queryFn: () => request<User>('/auth/me'), staleTime: 60_000 })

/** logIn signs this browser in. */
export async function logIn(credentials: { email: string; password: string }): Promise<void> {
  session.start(await sendPublic<Grant>('/auth/login', { method: 'POST', body: credentials }))
}

/** signUp makes an account and signs this browser in with it. */
export async function signUp(account: {
  email: string
  password: string
  name: string
  locale: string
}): Promise<void> {
  await sendPublic<User>('/auth/register', { method: 'POST', body: account })
  await logIn({ email: account.email, password: account.password })
}

/** logOut ends the sign-in in every tab, also when the server cannot be told. */
export async function logOut(): Promise<void> {
  try {
    await send('/auth/logout', { method: 'POST' })
  } finally {
    session.end()
  }
}

/** resetPassword sets a password with the token of a reset link. */
export function resetPassword(body: { token: string; new_password: string }): Promise<{ message: string }> {
  return sendPublic('/auth/reset', { method: 'POST', body })
}

/** updateMe changes the user's own name or language. */
export async function updateMe(body: { name?: string; locale?: string }): Promise<User> {
  const user = await request<User>('/auth/me', { method: 'PATCH', body })
  queryClient.setQueryData(meQuery.queryKey, user)
  return user
}

/** changePassword sets a new password; the server ends every sign-in, so this browser signs in anew. */
export async function changePassword(
  email: string,
  body: { current_password: string; new_password: string },
): Promise<void> {
  await request('/auth/password', { method: 'POST', body })
  await logIn({ email, password: body.new_password })
}

/** deleteAccount erases the account and ends the sign-in in every tab. */
export async function deleteAccount(body: { password: string }): Promise<void> {
  await send('/auth/me', { method: 'DELETE', body })
  session.end()
}
