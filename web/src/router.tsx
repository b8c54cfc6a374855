import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router'
import { meQuery } from './api/account.ts'
import { session } from './api/browser-session.ts'
import { businessesQuery } from './api/business.ts'
import { queryClient } from './api/query-client.ts'
import { NotFound, PageFailed } from './app/fallbacks.tsx'
import { FrontDoor } from './app/front-door.tsx'
import { Shell } from './app/shell.tsx'
import { LogInPage } from './pages/auth/log-in-page.tsx'
import { ProgressPage } from './pages/progress/progress-page.tsx'
import { Loading } from './ui/spinner.tsx'

const root = createRootRoute({ notFoundComponent: NotFound })

/** nextFrom keeps to addresses of this app: another site's address in `next` is not followed. */
const nextFrom = (search: Record<string, unknown>): { next?: string } =>
  typeof search.next === 'string' && /^\/(?![/\\])/.test(search.next) ? { next: search.next } : {}

const front = createRoute({ getParentRoute: () => root, id: 'front', component: FrontDoor })

const guestsOnly = createRoute({
  getParentRoute: () => front,
  id: 'guests',
  validateSearch: nextFrom,
  beforeLoad: async ({ search }) => {
    if ((await session.token()) !== null) throw redirect({ href: search.next ?? '/' })
  },
})
const logIn = createRoute({ getParentRoute: () => guestsOnly, path: '/login', component: LogInPage })
const signUp = createRoute({
  getParentRoute: () => guestsOnly,
  path: '/signup',
  component: lazyRouteComponent(() => import('./pages/auth/sign-up-page.tsx'), 'SignUpPage'),
})
const reset = createRoute({
  getParentRoute: () => front,
  path: '/reset',
  validateSearch: (search): { token?: string } => (search.token === undefined ? {} : { token: String(search.token) }),
  component: lazyRouteComponent(() => import('./pages/auth/reset-page.tsx'), 'ResetPage'),
})

const signedIn = createRoute({
  getParentRoute: () => root,
  id: 'signed-in',
  beforeLoad: async ({ location }) => {
    if ((await session.token()) === null) {
      throw redirect({ to: '/login', search: location.href === '/' ? {} : { next: location.href } })
    }
  },
  loader: () =>
    Promise.all([queryClient.ensureQueryData(meQuery), queryClient.ensureQueryData(businessesQuery)]).then(() => null),
  component: Shell,
})

const withBusiness = createRoute({
  getParentRoute: () => signedIn,
  id: 'with-business',
  beforeLoad: async () => {
    const [me, businesses] = await Promise.all([
      queryClient.ensureQueryData(meQuery),
      queryClient.ensureQueryData(businessesQuery),
    ])
    if (businesses.length === 0) throw redirect({ to: me.role === 'admin' ? '/admin/levels' : '/business/new' })
  },
})
const progress = createRoute({ getParentRoute: () => withBusiness, path: '/', component: ProgressPage })
const business = createRoute({
  getParentRoute: () => withBusiness,
  path: '/business',
  component: lazyRouteComponent(() => import('./pages/business/business-page.tsx'), 'BusinessPage'),
})
const chat = createRoute({
  getParentRoute: () => withBusiness,
  path: '/chat/{-$sessionId}',
  component: lazyRouteComponent(() => import('./pages/chat/chat-page.tsx'), 'ChatPage'),
})
const memory = createRoute({
  getParentRoute: () => withBusiness,
  path: '/memory',
  component: lazyRouteComponent(() => import('./pages/memory/memory-page.tsx'), 'MemoryPage'),
})
const keys = createRoute({
  getParentRoute: () => withBusiness,
  path: '/account/keys',
  component: lazyRouteComponent(() => import('./pages/account/keys-page.tsx'), 'KeysPage'),
})

const newBusiness = createRoute({
  getParentRoute: () => signedIn,
  path: '/business/new',
  component: lazyRouteComponent(() => import('./pages/business/new-business-page.tsx'), 'NewBusinessPage'),
})
const account = createRoute({
  getParentRoute: () => signedIn,
  path: '/account',
  component: lazyRouteComponent(() => import('./pages/account/account-page.tsx'), 'AccountPage'),
})

const admin = createRoute({
  getParentRoute: () => signedIn,
  path: '/admin',
  beforeLoad: async () => {
    const me = await queryClient.ensureQueryData(meQuery)
    if (me.role !== 'admin') throw redirect({ to: '/' })
  },
  component: lazyRouteComponent(() => import('./pages/admin/admin-layout.tsx'), 'AdminLayout'),
})
const adminIndex = createRoute({
  getParentRoute: () => admin,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/admin/levels' })
  },
})
const adminLevels = createRoute({
  getParentRoute: () => admin,
  path: '/levels',
  component: lazyRouteComponent(() => import('./pages/admin/levels-page.tsx'), 'LevelsPage'),
})
const adminAchievements = createRoute({
  getParentRoute: () => admin,
  path: '/achievements',
  component: lazyRouteComponent(() => import('./pages/admin/achievements-page.tsx'), 'AchievementsPage'),
})
const adminRules = createRoute({
  getParentRoute: () => admin,
  path: '/rules',
  component: lazyRouteComponent(() => import('./pages/admin/rules-page.tsx'), 'RulesPage'),
})
const adminPeople = createRoute({
  getParentRoute: () => admin,
  path: '/people',
  component: lazyRouteComponent(() => import('./pages/admin/people-page.tsx'), 'PeoplePage'),
})
const adminBusinesses = createRoute({
  getParentRoute: () => admin,
  path: '/businesses',
  component: lazyRouteComponent(() => import('./pages/admin/businesses-page.tsx'), 'BusinessesPage'),
})

const adminFeedback = createRoute({
  getParentRoute: () => admin,
  path: '/feedback',
  component: lazyRouteComponent(() => import('./pages/admin/feedback-page.tsx'), 'FeedbackPage'),
})
const adminAdvisor = createRoute({
  getParentRoute: () => admin,
  path: '/advisor',
  component: lazyRouteComponent(() => import('./pages/admin/advisor-page.tsx'), 'AdvisorPage'),
})

/** router knows every page: who may see it, and what is fetched with it. */
export const router = createRouter({
  routeTree: root.addChildren([
    front.addChildren([guestsOnly.addChildren([logIn, signUp]), reset]),
    signedIn.addChildren([
      withBusiness.addChildren([progress, business, chat, memory, keys]),
      newBusiness,
      account,
      admin.addChildren([
        adminIndex,
        adminLevels,
        adminAchievements,
        adminRules,
        adminPeople,
        adminBusinesses,
        adminFeedback,
        adminAdvisor,
      ]),
    ]),
  ]),
  defaultPreload: 'intent',
  defaultPreloadStaleTime: 0,
  defaultPendingComponent: Loading,
  defaultPendingMs: 300,
  defaultErrorComponent: PageFailed,
  scrollRestoration: true,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
