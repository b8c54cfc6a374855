import { z } from 'zod'
import { pageQuery } from '../../platform/http/paging.ts'
import { idSchema, oneLine, timestamp } from '../../platform/text.ts'
import type { User } from './repository.ts'

const codePoints = (text: string) => [...text].length

/** emailSchema is an e-mail address as a browser's e-mail field takes it (the HTML standard's pattern), trimmed. */
export const emailSchema = z
  .string()
  .trim()
  .max(254, 'must have at most 254 characters')
  .regex(z.regexes.html5Email, 'must be an e-mail address')
  .meta({ format: 'email', examples: ['sari@example.org'] })

/** newPasswordSchema is a password that somebody chooses: 8 to 200 characters, any of them. */
export const newPasswordSchema = z
  .string()
  .max(800, 'must have at most 200 characters')
  .refine((text) => codePoints(text) >= 8, 'must have at least 8 characters')
  .refine((text) => codePoints(text) <= 200, 'must have at most 200 characters')
  .meta({ format: 'password', minLength: 8, maxLength: 200 })

// A password that is only compared: a short one is simply wrong.
const givenPassword = z
  .string()
  .min(1, 'must not be empty')
  .max(800, 'must have at most 200 characters')
  .meta({ format: 'password', maxLength: 200 })

/** localeSchema is a language of the service. */
export const localeSchema = z.enum(['en', 'id'], 'must be en or id')
const role = z.enum(['user', 'admin'], 'must be user or admin')

/** registerBody is what a new account takes; a role sent along is not among it. */
export const registerBody = z
  .object({ email: emailSchema, password: newPasswordSchema, name: oneLine(1, 200), locale: localeSchema.optional() })
  .meta({ id: 'Registration' })

/** loginBody is lenient: an address that nobody could have registered is answered like any unknown one. */
export const loginBody = z.object({ email: oneLine(1, 254), password: givenPassword }).meta({ id: 'Login' })

/** passwordBody proves who is asking. */
export const passwordBody = z.object({ password: givenPassword })

/** changePasswordBody sets a new password by the current one. */
export const changePasswordBody = z.object({ current_password: givenPassword, new_password: newPasswordSchema })

/** resetBody sets a new password by the token of a reset link. */
export const resetBody = z.object({ token: z.string().min(1).max(200), new_password: newPasswordSchema })

/** updateMeBody is what people may change about themselves. */
export const updateMeBody = z
  .object({ name: oneLine(1, 200), locale: localeSchema })
  .partial()
  .meta({ id: 'AccountChanges' })

/** userShape are the fields of a user that everyone sees of themselves. */
export const userShape = {
  id: idSchema,
  email: z.string(),
  name: z.string(),
  role,
  locale: localeSchema,
  created_at: timestamp,
}

/** userSchema is a user on the wire. */
export const userSchema = z.object(userShape).meta({ id: 'User' })

/** adminUserSchema is a user as admins see them. */
export const adminUserSchema = z.object({ ...userShape, disabled: z.boolean() }).meta({ id: 'AdminUser' })

/** updateUserBody is what admins may change about a user. */
export const updateUserBody = z.object({ role, disabled: z.boolean() }).partial().meta({ id: 'UserChanges' })

/** usersQuery pages through users; `q` is looked for in e-mail and name. */
export const usersQuery = pageQuery.extend({
  q: oneLine(0, 254).optional().describe('part of the e-mail or the name, in any case'),
})

/** idParams names the thing that an address is about. */
export const idParams = z.object({ id: idSchema })

/** messageSchema is an answer that only says that it is done. */
export const messageSchema = z.object({ message: z.string() }).meta({ id: 'Message' })

const tokenShape = {
  access_token: z.string(),
  token_type: z.literal('bearer'),
  expires_in: z.int().describe('seconds'),
}

/** accessSchema is what a refresh answers; the next refresh token is in the cookie. */
export const accessSchema = z.object(tokenShape).meta({ id: 'Access' })

/** sessionSchema is what a login answers. */
export const sessionSchema = z.object({ ...tokenShape, user: userSchema }).meta({ id: 'Session' })

/** resetLinkSchema is a link for one new password, shown once. */
export const resetLinkSchema = z.object({ url: z.url(), expires_at: timestamp }).meta({ id: 'ResetLink' })

/** UserView is a user on the wire. */
export type UserView = z.output<typeof userSchema>

/** toUserView gives a user row its wire shape. */
export function toUserView(user: User): UserView {
  return {
    id: user.id,
    email: user.email,
    name: user.name,
    role: user.role,
    locale: user.locale,
    created_at: user.createdAt.toISOString(),
  }
}

/** toAdminUserView gives a user row the wire shape that admins see. */
export function toAdminUserView(user: User): z.output<typeof adminUserSchema> {
  return { ...toUserView(user), disabled: user.disabledAt !== null }
}
