import { useSuspenseQuery } from '@tanstack/react-query'
import { createContext, useContext, useState, type ReactNode } from 'react'
import { browserStorage } from '../api/browser-session.ts'
import { businessesQuery } from '../api/business.ts'
import type { Business } from '../api/types.ts'

const storageKey = 'tangga.business'

type ActiveBusiness = { business: Business | undefined; businesses: readonly Business[]; choose: (id: string) => void }

const Active = createContext<ActiveBusiness | undefined>(undefined)

/** ActiveBusinessProvider knows which of the person's businesses the pages are about: the one last chosen, or else the first. */
export function ActiveBusinessProvider({ children }: { children: ReactNode }) {
  const { data: businesses } = useSuspenseQuery(businessesQuery)
  const [chosen, setChosen] = useState(() => browserStorage.getItem(storageKey))
  const business = businesses.find(({ id }) => id === chosen) ?? businesses[0]
  const choose = (id: string) => {
    browserStorage.setItem(storageKey, id)
    setChosen(id)
  }
  return <Active value={{ business, businesses, choose }}>{children}</Active>
}

/** useBusinesses is the person's businesses, the active one (undefined when there is none), and how to choose another. */
export function useBusinesses(): ActiveBusiness {
  const active = useContext(Active)
  if (!active) throw new Error('useBusinesses is used outside of ActiveBusinessProvider')
  return active
}

/** useBusiness is the business that the page is about; only for pages that are not shown without one. */
export function useBusiness(): Business {
  const { business } = useBusinesses()
  if (!business) throw new Error('useBusiness is used on a page that can be seen without a business')
  return business
}
