import createClient from 'openapi-fetch'
import type { Client } from 'openapi-fetch'
import type { paths } from './schema.ts'

/** TanggaClient has a method for each HTTP verb (`GET`, `POST` …) that takes a path of the API and checks its types. */
export type TanggaClient = Client<paths>

/** TanggaClientOptions says where the server is and who calls. */
export type TanggaClientOptions = {
  /** Address of the server without `/api/v1`, such as `https://tangga.example.org`; empty for the page's own origin. */
  baseUrl: string
  /** Answers the access token for the next call; nothing when nobody is signed in. Called before every request. */
  getToken?: () => string | null | undefined | Promise<string | null | undefined>
  /** Stands in for the global `fetch`, for instance one that renews an access token after a 401. */
  fetch?: (request: Request) => Promise<Response>
}

/**
 * createTanggaClient makes a client of one Tangga server. Its calls answer `{ data, error, response }` and reject only when
 * no answer came at all; `error` is the problem document (`code`, `detail`, `errors`) of a refused call.
 */
export function createTanggaClient(options: TanggaClientOptions): TanggaClient {
  const client = createClient<paths>({
    baseUrl: options.baseUrl,
    ...(options.fetch && { fetch: options.fetch }),
  })
  const { getToken } = options
  if (getToken) {
    client.use({
      async onRequest({ request }) {
        const token = await getToken()
        // A header that the call itself set wins, so that one call may speak for somebody else.
        if (token && !request.headers.has('authorization')) request.headers.set('authorization', `Bearer ${token}`)
        return request
      },
    })
  }
  return client
}
