import type { Random } from './random.ts'

/** Place is where businesses are; none of these time zones knows a summer time, so an offset in hours is enough. */
export type Place = {
  city: string
  country: string
  timeZone: string
  utcOffsetHours: number
  currency: string
}

/** DemoBusiness is an owner and what they run. */
export type DemoBusiness = {
  ownerName: string
  email: string
  businessName: string
  category: string
  stage: string
  description: string
  goal: string | null
  place: Place
}

/** DEMO_DOMAIN is the domain of every e-mail address of the demo; nothing below `.localhost` can be written to. */
export const DEMO_DOMAIN = 'demo.tangga.localhost'

/** JAKARTA is where the demo owner is. */
export const JAKARTA: Place = {
  city: 'Jakarta',
  country: 'Indonesia',
  timeZone: 'Asia/Jakarta',
  utcOffsetHours: 7,
  currency: 'IDR',
}

type Region = { places: Place[]; givenNames: string[]; familyNames: string[] }

const inIndonesia = (city: string, timeZone: string, utcOffsetHours: number): Place => ({
  city,
  country: 'Indonesia',
  timeZone,
  utcOffsetHours,
  currency: 'IDR',
})

const INDONESIA: Region = {
  places: [
    JAKARTA,
    inIndonesia('Bandung', 'Asia/Jakarta', 7),
    inIndonesia('Yogyakarta', 'Asia/Jakarta', 7),
    inIndonesia('Surabaya', 'Asia/Jakarta', 7),
    inIndonesia('Medan', 'Asia/Jakarta', 7),
    inIndonesia('Semarang', 'Asia/Jakarta', 7),
    inIndonesia('Denpasar', 'Asia/Makassar', 8),
    inIndonesia('Makassar', 'Asia/Makassar', 8),
    inIndonesia('Jayapura', 'Asia/Jayapura', 9),
  ],
  givenNames: [
    'Adi',
    'Agus',
    'Ayu',
    'Bambang',
    'Budi',
    'Citra',
    'Dewi',
    'Dian',
    'Eka',
    'Fajar',
    'Fitri',
    'Gita',
    'Hadi',
    'Indah',
    'Joko',
    'Kartika',
    'Lestari',
    'Made',
    'Maya',
    'Nur',
    'Putri',
    'Rahmat',
    'Ratna',
    'Rizky',
    'Sinta',
    'Slamet',
    'Tri',
    'Wahyu',
    'Wayan',
    'Yanti',
  ],
  familyNames: [
    'Anggraini',
    'Firmansyah',
    'Gunawan',
    'Halim',
    'Handayani',
    'Hidayat',
    'Kusuma',
    'Maharani',
    'Nasution',
    'Nugroho',
    'Permata',
    'Pratama',
    'Purnama',
    'Rahayu',
    'Saputra',
    'Saragih',
    'Setiawan',
    'Siregar',
    'Susanto',
    'Utami',
    'Wibowo',
    'Wijaya',
  ],
}

const ELSEWHERE: Region[] = [
  {
    places: [
      { city: 'Nairobi', country: 'Kenya', timeZone: 'Africa/Nairobi', utcOffsetHours: 3, currency: 'KES' },
      { city: 'Mombasa', country: 'Kenya', timeZone: 'Africa/Nairobi', utcOffsetHours: 3, currency: 'KES' },
    ],
    givenNames: ['Achieng', 'Amina', 'Baraka', 'Grace', 'Kamau', 'Njeri', 'Otieno', 'Wanjiru'],
    familyNames: ['Kariuki', 'Mwangi', 'Ochieng', 'Omondi', 'Wambui'],
  },
  {
    places: [
      { city: 'Pune', country: 'India', timeZone: 'Asia/Kolkata', utcOffsetHours: 5.5, currency: 'INR' },
      { city: 'Kochi', country: 'India', timeZone: 'Asia/Kolkata', utcOffsetHours: 5.5, currency: 'INR' },
    ],
    givenNames: ['Aarav', 'Ananya', 'Deepa', 'Kavya', 'Meera', 'Rohan', 'Sanjay', 'Vikram'],
    familyNames: ['Iyer', 'Joshi', 'Kulkarni', 'Nair', 'Patel'],
  },
  {
    places: [{ city: 'Cebu', country: 'Philippines', timeZone: 'Asia/Manila', utcOffsetHours: 8, currency: 'PHP' }],
    givenNames: ['Althea', 'Carlo', 'Divina', 'Joselito', 'Liza', 'Ramon'],
    familyNames: ['Bautista', 'Dela Cruz', 'Navarro', 'Santos', 'Villanueva'],
  },
  {
    places: [{ city: 'Bogotá', country: 'Colombia', timeZone: 'America/Bogota', utcOffsetHours: -5, currency: 'COP' }],
    givenNames: ['Andrés', 'Camila', 'Lucía', 'Mateo', 'Valentina'],
    familyNames: ['Cárdenas', 'Gómez', 'Moreno', 'Rojas', 'Zúñiga'],
  },
]

type Trade = { category: string; first: string[]; second: string[]; description: string; goals: string[] }

const TRADES: Trade[] = [
  {
    category: 'Food & Beverage',
    first: ['Warung', 'Dapur', 'Kedai', 'Roti', 'Kopi'],
    second: ['Bahagia', 'Bu Rini', 'Cempaka', 'Manis', 'Merdeka', 'Nusantara', 'Pagi', 'Rejeki', 'Selaras'],
    description: 'Home-style food for the neighbourhood and the offices around it.',
    goals: ['Sell 50 lunches a day', 'Open a second stall', 'Get on two delivery apps'],
  },
  {
    category: 'Fashion & Crafts',
    first: ['Batik', 'Tenun', 'Rajut', 'Jahit', 'Anyaman'],
    second: ['Arum', 'Cantik', 'Kencana', 'Larasati', 'Mekar', 'Sekar', 'Tiga Putri'],
    description: 'Clothes and bags made by hand in small numbers.',
    goals: ['Sell in one shop in another city', 'Hire a second tailor', 'Photograph the whole collection'],
  },
  {
    category: 'Agriculture',
    first: ['Kebun', 'Tani', 'Hidroponik', 'Lebah'],
    second: ['Hijau', 'Lestari', 'Makmur', 'Sejahtera', 'Subur', 'Sumber Rejeki'],
    description: 'Vegetables, herbs and honey for markets and restaurants.',
    goals: ['Supply three restaurants every week', 'Waste less than a tenth of the harvest'],
  },
  {
    category: 'Services',
    first: ['Bengkel', 'Salon', 'Laundry', 'Servis', 'Cuci Motor'],
    second: ['Abadi', 'Bersih', 'Cahaya', 'Jaya', 'Kilat', 'Mandiri', 'Prima'],
    description: 'Quick, honest work for people who live and work nearby.',
    goals: ['Have regular customers on weekdays', 'Buy a second machine'],
  },
  {
    category: 'Retail',
    first: ['Toko', 'Kios', 'Grosir', 'Pasar Mini'],
    second: ['Amanah', 'Berkah', 'Family', 'Harapan', 'Maju', 'Setia', 'Sinar'],
    description: 'Everyday goods, open from early morning.',
    goals: ['Know the stock every evening', 'Lower the rent or move'],
  },
]

const FOREIGN_TRADES: Trade[] = [
  {
    category: 'Food & Beverage',
    first: ['Sunrise', 'Mango Tree', 'Blue Door', 'Two Sisters', 'Harbour'],
    second: ['Bakery', 'Kitchen', 'Juice Bar', 'Coffee', 'Lunch Box'],
    description: 'Fresh food, made in the morning and sold by the afternoon.',
    goals: ['Cater one event a month', 'Open a second stall'],
  },
  {
    category: 'Services',
    first: ['Bright', 'Corner', 'Swift', 'Honest'],
    second: ['Repairs', 'Laundry', 'Tailoring', 'Print Shop'],
    description: 'Repairs and small jobs, done while you wait.',
    goals: ['Buy a second machine', 'Train an apprentice'],
  },
  {
    category: 'Education',
    first: ['Open Book', 'Little Steps', 'Bridge'],
    second: ['Tutoring', 'Language School', 'Study Room'],
    description: 'Lessons for children after school and for adults at night.',
    goals: ['Fill two evening classes', 'Offer lessons online'],
  },
]

const STAGES = ['Idea', 'Starting', 'Operational', 'Operational', 'Operational', 'Growing', 'Established']

/** drawBusinesses invents as many businesses as asked for; no two share an owner's name or a business name. */
export function drawBusinesses(random: Random, count: number): DemoBusiness[] {
  const ownerNames = new Set<string>()
  const businessNames = new Set<string>()
  return Array.from({ length: count }, () => {
    const region = random.chance(0.75) ? INDONESIA : random.pick(ELSEWHERE)
    const place = random.pick(region.places)
    const ownerName = firstNew(ownerNames, () => `${random.pick(region.givenNames)} ${random.pick(region.familyNames)}`)
    const trade = random.pick(region === INDONESIA ? TRADES : FOREIGN_TRADES)
    const businessName = firstNew(businessNames, (attempt) => {
      const name = `${random.pick(trade.first)} ${random.pick(trade.second)}`
      return attempt < 5 ? name : `${name} ${place.city}`
    })
    return {
      ownerName,
      email: `${asMailbox(ownerName)}@${DEMO_DOMAIN}`,
      businessName,
      category: trade.category,
      stage: random.pick(STAGES),
      description: trade.description,
      goal: random.chance(0.7) ? random.pick(trade.goals) : null,
      place,
    }
  })
}

const MOST_ATTEMPTS = 1_000

function firstNew(taken: Set<string>, draw: (attempt: number) => string): string {
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const drawn = draw(attempt)
    if (taken.has(drawn)) continue
    taken.add(drawn)
    return drawn
  }
  throw new Error('the lists of names are too short for that many businesses')
}

function asMailbox(name: string): string {
  const letters = name.normalize('NFD').replaceAll(/\p{Mark}/gu, '')
  return letters.toLowerCase().replaceAll(/[^a-z]+/g, '.')
}
