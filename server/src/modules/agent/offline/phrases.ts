import type { Locale } from '../failures.ts'

/** Intent is something that the offline advisor understands. */
export type Intent =
  | 'greeting'
  | 'thanks'
  | 'help'
  | 'progress'
  | 'next_level'
  | 'achievements'
  | 'unlocked_achievements'
  | 'next_achievement'
  | 'rank'
  | 'remember'
  | 'recall'
  | 'earn'
  | 'advice'

// Each phrase is a set of words that must all be in the message, in any order. `remember` is read as a command.
const BY_INTENT: Record<Exclude<Intent, 'remember'>, Record<Locale, string[]>> = {
  greeting: {
    en: ['hi', 'hello', 'hey', 'good morning', 'good afternoon', 'good evening', 'howdy', 'how are you'],
    id: [
      'hai',
      'halo',
      'hallo',
      'pagi',
      'siang',
      'sore',
      'malam',
      'apa kabar',
      'assalamualaikum',
      'assalamu alaikum',
      'permisi',
    ],
  },
  thanks: {
    en: ['thanks', 'thank', 'thx', 'great', 'awesome', 'bye', 'goodbye'],
    id: ['terima kasih', 'terimakasih', 'makasih', 'trims', 'mantap', 'sampai jumpa'],
  },
  help: {
    en: [
      'help',
      'what can you do',
      'who are you',
      'what are you',
      'what can i ask',
      'how does this work',
      'are you ai',
      'are you human',
    ],
    id: [
      'bantuan',
      'bantu',
      'bisa apa',
      'apa kamu bisa',
      'apa anda bisa',
      'siapa kamu',
      'siapa anda',
      'siapa ini',
      'tanya apa',
      'cara kerja',
    ],
  },
  progress: {
    en: [
      'points',
      'point',
      'score',
      'level',
      'progress',
      'how am i doing',
      'how are we doing',
      'status',
      'how many points',
    ],
    id: [
      'poin',
      'skor',
      'level',
      'tingkat',
      'kemajuan',
      'perkembangan',
      'progres',
      'sampai mana',
      'berapa poin',
      'status',
    ],
  },
  next_level: {
    en: ['next level', 'level up', 'reach level', 'higher level', 'until level', 'another level', 'next rung'],
    id: [
      'level berikutnya',
      'level selanjutnya',
      'level berikut',
      'naik level',
      'naik tingkat',
      'tingkat berikutnya',
      'tingkat selanjutnya',
      'berapa lagi level',
    ],
  },
  achievements: {
    en: ['achievement', 'achievements', 'badge', 'badges', 'trophy', 'trophies', 'award'],
    id: ['pencapaian', 'lencana', 'prestasi', 'penghargaan'],
  },
  unlocked_achievements: {
    en: [
      'achievements unlocked',
      'achievements earned',
      'achievements have',
      'achievements got',
      'badges have',
      'badges earned',
      'badges unlocked',
    ],
    id: [
      'pencapaian sudah',
      'pencapaian terbuka',
      'pencapaian punya',
      'pencapaian diraih',
      'lencana sudah',
      'lencana punya',
      'prestasi sudah',
    ],
  },
  next_achievement: {
    en: [
      'next achievement',
      'next badge',
      'closest achievement',
      'nearest achievement',
      'closest badge',
      'unlock next',
      'achievements left',
      'achievements locked',
      'achievement missing',
    ],
    id: [
      'pencapaian berikutnya',
      'pencapaian selanjutnya',
      'pencapaian terdekat',
      'pencapaian belum',
      'lencana berikutnya',
      'lencana selanjutnya',
      'lencana belum',
    ],
  },
  rank: {
    en: [
      'rank',
      'ranking',
      'ranked',
      'leaderboard',
      'leader board',
      'place',
      'position',
      'ahead of me',
      'behind me',
      'competitors',
      'standing',
    ],
    id: [
      'peringkat',
      'ranking',
      'rank',
      'rangking',
      'papan skor',
      'klasemen',
      'posisi',
      'urutan',
      'saingan',
      'di atas saya',
      'juara',
    ],
  },
  recall: {
    en: [
      'what remember',
      'you remember',
      'what know about me',
      'what know about us',
      'what know about business',
      'what know about my',
      'what told you',
      'your notes',
      'list facts',
      'facts about',
      'your memory',
    ],
    id: [
      'apa ingat',
      'kamu ingat',
      'anda ingat',
      'apa tahu tentang',
      'apa tau tentang',
      'kamu tahu tentang',
      'catatan',
      'yang diingat',
      'apa dicatat',
    ],
  },
  earn: {
    en: [
      'earn',
      'earn points',
      'get points',
      'get more points',
      'collect points',
      'gain points',
      'more points',
      'win points',
      'points for',
      'point rules',
      'what gives points',
    ],
    id: [
      'cara poin',
      'dapat poin',
      'dapatkan poin',
      'mendapatkan poin',
      'mendapat poin',
      'tambah poin',
      'menambah poin',
      'kumpulkan poin',
      'mengumpulkan poin',
      'poin gimana',
      'poin bagaimana',
      'aturan poin',
    ],
  },
  advice: {
    en: [
      'what should i do',
      'what should we do',
      'what can i do',
      'what now',
      'what next',
      'next step',
      'next steps',
      'advice',
      'advise',
      'tips',
      'suggestion',
      'suggestions',
      'recommend',
      'focus on',
      'grow my business',
      'improve my business',
    ],
    id: [
      'apa harus lakukan',
      'apa harus dilakukan',
      'apa yang harus',
      'langkah berikutnya',
      'langkah selanjutnya',
      'saran',
      'tips',
      'nasihat',
      'nasehat',
      'sebaiknya',
      'rekomendasi',
      'mengembangkan usaha',
      'mengembangkan bisnis',
      'kembangkan usaha',
    ],
  },
}

const LOCALES = ['en', 'id'] as const

/** PHRASES are all phrases of both languages, split into words. */
export const PHRASES: { intent: Intent; phrase: string[] }[] = typedEntries(BY_INTENT).flatMap(([intent, phrases]) =>
  LOCALES.flatMap((locale) => phrases[locale].map((phrase) => ({ intent, phrase: phrase.split(' ') }))),
)

// Words that say which language is spoken, whatever is being asked.
const FUNCTION_WORDS: Record<Locale, string> = {
  en: 'the a an is are am was i me my we our you your it this that what when where how many much do does did can could should would will have has to of in on for with and or not about please tell show give want need',
  id: 'yang dan di ke dari untuk dengan adalah ini itu apa siapa kapan dimana mana bagaimana gimana berapa saya aku kami kita kamu anda tidak nggak gak bukan sudah udah belum bisa boleh mau ingin harus akan tentang tolong dong ya kah pada juga lagi ada tampilkan lihat beri kasih usaha',
}

/** LANGUAGE_WORDS are the words that belong to one language only. */
export const LANGUAGE_WORDS: Record<Locale, ReadonlySet<string>> = {
  en: ownWords('en', 'id'),
  id: ownWords('id', 'en'),
}

function ownWords(locale: Locale, other: Locale): ReadonlySet<string> {
  return allWords(locale).difference(allWords(other))
}

function allWords(locale: Locale): Set<string> {
  return new Set(
    [FUNCTION_WORDS[locale], ...Object.values(BY_INTENT).flatMap((phrases) => phrases[locale])].flatMap((text) =>
      text.split(' '),
    ),
  )
}

function typedEntries<Key extends string, Value>(record: Record<Key, Value>): [Key, Value][] {
  const isKey = (key: string): key is Key => key in record
  return Object.keys(record).flatMap((key) => (isKey(key) ? [[key, record[key]] satisfies [Key, Value]] : []))
}
