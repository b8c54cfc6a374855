import { QueryClient } from '@tanstack/react-query'
import { Problem } from './problem.ts'

/** queryClient holds everything read from the server; only calls that got no answer, or a 503, are tried again by themselves. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      retry: (failures, error) =>
        failures < 2 && error instanceof Problem && (error.status === 0 || error.status === 503),
    },
  },
})
