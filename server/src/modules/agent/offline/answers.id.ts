import { type Answers, dayWritten, listed, plain, readable, shown } from './answers.ts'
import type { RecentPoints } from './answers.ts'

const number = (value: number) => value.toLocaleString('id')
const points = (value: number) => `${number(value)} poin`
const percent = (progress: number) => `${Math.floor(progress * 100)}%`
const named = (name: string | undefined) => (name === undefined ? '' : ` ${plain(name)}`)

const ABILITIES = listed([
  'poin, level, pencapaian, dan peringkat Anda, dan seberapa jauh yang berikutnya',
  'asal poin Anda, poin hari ini dan minggu ini, dan hasilnya kalau poin bertambah (“kalau saya dapat … poin lagi”)',
  'apa saja yang memberi poin, dan mencatat penjualan dan pengeluaran setelah Anda setujui (“catat penjualan hari ini”)',
  'langkah berikutnya sesuai tahap usaha Anda, dan tips soal arus kas, harga, promosi, stok, pembukuan, pelanggan, karyawan, pinjaman, izin, dan jualan online',
  'mengingat sesuatu: “ingat bahwa …”, dan “apa yang kamu ingat?”',
])

// The kinds of event that come with every installation; others are shown by their own name.
const TYPES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    daily_check_in: 'absen harian',
    sales_recorded: 'mencatat penjualan',
    expenses_recorded: 'mencatat pengeluaran',
    stock_counted: 'menghitung stok',
    customer_contacted: 'menghubungi pelanggan',
    promotion_posted: 'memasang promosi',
    lesson_completed: 'menyelesaikan pelajaran',
    sale_synced: 'penjualan dari kasir',
    course_completed: 'menyelesaikan kursus',
    instalment_paid: 'membayar cicilan',
    adjustment: 'diberi atau diambil oleh program',
  }),
)
const REASONS: ReadonlyMap<string, string> = new Map([
  ['daily_cap', 'sampai batas hari itu'],
  ['cooldown', 'terlalu cepat setelah yang sebelumnya'],
])

// What tools say when they fail, which they say in English.
const ERRORS: [RegExp, string][] = [
  [/at most (\d+) characters/, 'Catatan paling panjang $1 karakter.'],
  [/At most (\d+) facts/, 'Paling banyak $1 catatan disimpan untuk satu usaha.'],
  [/problem on our side/, 'Ada masalah di pihak kami.'],
]

const typeName = (type: string) => TYPES.get(type) ?? readable(type)

function entryLine(entry: RecentPoints['entries'][number]): string {
  const sign = entry.points < 0 ? '−' : '+'
  const why = entry.reason === null ? '' : `: ${REASONS.get(entry.reason) ?? plain(entry.reason)}`
  return `${sign}${points(Math.abs(entry.points))} pada ${dayWritten(entry.day, 'id-ID')}, ${typeName(entry.type)}${why}`
}

/** answersId are the offline advisor's sentences in Indonesian. */
export const answersId: Answers = {
  greeting: (data) =>
    `Halo${named(data?.user_name)}! Saya penasihat luring Tangga: tidak ada model AI yang tersambung, tetapi saya bisa mencarikan banyak hal untuk Anda. Tanyakan poin, peringkat, atau langkah berikutnya.`,
  identity: () =>
    'Saya penasihat luring Tangga: sebuah program, bukan orang dan bukan model AI. Saya melihat poin dan peringkat Anda, dan tahu beberapa tips untuk usaha kecil. Tanyakan “bisa apa saja?” untuk daftarnya.',
  help: () =>
    `Saya penasihat luring Tangga: tidak ada model AI yang tersambung. Saya bisa membantu soal:\n\n${ABILITIES}`,
  thanks: (data) =>
    `Sama-sama${data ? `, ${plain(data.user_name)}` : ''}! Terus melangkah, satu anak tangga demi satu.`,
  goodbye: (data) => `Sampai jumpa${named(data?.user_name)}, semoga usaha Anda lancar!`,
  encouragement: (data) =>
    `Pasti berat rasanya${data ? `, ${plain(data.user_name)}` : ''}. Menjalankan usaha memang sulit, dan lelah bukan berarti gagal. Istirahat dulu; lalu pilih satu hal yang paling membebani, dan buat lebih kecil. Ceritakan kepada orang yang Anda percaya atau kepada orang-orang program Anda: saya hanya penasihat luring, dan manusia bisa mendengar lebih baik. Kalau sudah siap, tanyakan langkah berikutnya, dan kita mulai dari yang kecil.`,
  outOfScope: () =>
    `Saya penasihat luring dan tidak memahami pertanyaan itu, atau itu di luar pengetahuan saya. Saya bisa membantu soal:\n\n${ABILITIES}`,
  changeLanguage: (wish) =>
    wish === 'other'
      ? 'Maaf, saya hanya bisa bahasa Indonesia dan bahasa Inggris.'
      : 'Baik, mulai sekarang saya memakai bahasa Indonesia dalam percakapan ini. Untuk kembali, tulis “answer in English”.',
  dateToday: (today) =>
    today === undefined
      ? 'Saya tidak tahu tanggal hari ini, dan saya tidak punya jam.'
      : `Hari ini ${plain(dateInIndonesian(today))}. Saya tidak punya jam, jadi tidak bisa menyebut pukul berapa.`,

  progress(summary) {
    const { level, total_points, achievements_unlocked, achievements_total } = summary
    const standing = level ? ` dan berada di level ${plain(level.name)}` : ''
    return [
      `${plain(summary.business_name)} punya ${points(total_points)}${standing}.`,
      achievements_total > 0
        ? `Pencapaian terbuka: ${number(achievements_unlocked)} dari ${number(achievements_total)}.`
        : '',
      this.nextLevel(summary),
    ]
      .filter(Boolean)
      .join(' ')
  },
  points(summary) {
    const { level, next_level } = summary
    const standing = level ? ` dan berada di level ${plain(level.name)}` : ''
    const next = next_level ? ` ${this.nextLevel(summary)}` : ''
    return `${plain(summary.business_name)} punya ${points(summary.total_points)}${standing}.${next}`
  },
  level(summary) {
    const { level, total_points } = summary
    const now = level
      ? `Anda di level ${plain(level.name)}, yang mulai dari ${points(level.required_points)}; poin Anda ${number(total_points)}.`
      : `Anda belum berada di level mana pun; poin Anda ${number(total_points)}.`
    return summary.next_level || !level ? `${now} ${this.nextLevel(summary)}` : `${now} Itu level tertinggi.`
  },
  nextLevel({ level, next_level, total_points }) {
    if (next_level) {
      return `Level berikutnya ${plain(next_level.name)} pada ${points(next_level.required_points)}: kurang ${points(next_level.points_missing)} lagi.`
    }
    return level
      ? `Anda sudah di level tertinggi, ${plain(level.name)}. Hebat!`
      : `Belum ada level; Anda punya ${points(total_points)}.`
  },
  myBusiness({ business_name, stage, category, primary_goal }) {
    const lines = [`Nama: ${plain(business_name)}`, `Tahap: ${plain(stage)}`, `Kategori: ${plain(category)}`]
    lines.push(primary_goal === null ? 'Target: belum diisi' : `Target: ${plain(primary_goal)}`)
    return `Ini usaha Anda sejauh yang saya tahu:\n\n${listed(lines)}\n\nAnda bisa mengubahnya di halaman “Usaha”.`
  },
  achievements(list) {
    if (list.total === 0) return 'Belum ada pencapaian.'
    return `Anda sudah membuka ${number(list.unlocked_count)} dari ${number(list.total)} pencapaian. ${this.nextAchievement(list)}`
  },
  unlockedAchievements(list) {
    if (list.unlocked_count === 0) return `Belum ada pencapaian yang terbuka. ${this.nextAchievement(list)}`
    const titles = list.unlocked
      .slice(0, shown)
      .map((achievement) => `${plain(achievement.title)} (${points(achievement.required_points)})`)
    const more = list.unlocked_count > titles.length ? '\n\ndan lainnya.' : ''
    return `Anda sudah membuka ${number(list.unlocked_count)} dari ${number(list.total)} pencapaian:\n\n${listed(titles)}${more}`
  },
  nextAchievement(list) {
    const lines = list.locked
      .slice(0, shown)
      .map(
        (achievement) =>
          `${plain(achievement.title)}: kurang ${points(achievement.points_missing)} (${percent(achievement.progress)})`,
      )
    if (lines.length === 0) return list.total === 0 ? 'Belum ada pencapaian.' : 'Semuanya sudah Anda buka!'
    return `Yang terdekat:\n\n${listed(lines)}`
  },
  rank(position) {
    const { rank, ranked_businesses, total_points, lead_over_next_rank } = position
    if (rank === null) return hidden(total_points)
    const lines = [
      `Anda di peringkat ${number(rank)} dari ${number(ranked_businesses)}, dengan ${points(total_points)}.`,
      nextPlace(position),
    ]
    if (lead_over_next_rank !== null)
      lines.push(`Keunggulan Anda atas posisi di bawahnya ${points(lead_over_next_rank)}.`)
    return lines.filter(Boolean).join(' ')
  },
  rankGap(position) {
    if (position.rank === null) return hidden(position.total_points)
    return `Anda di peringkat ${number(position.rank)} dari ${number(position.ranked_businesses)}. ${nextPlace(position)} Saya hanya bisa melihat posisi tepat di atas, bukan yang lebih tinggi; “kalau saya dapat … poin lagi” menunjukkan hasil tambahan poin.`
  },
  lead(position) {
    const { rank, lead_over_next_rank, total_points } = position
    if (rank === null) return hidden(total_points)
    return lead_over_next_rank === null
      ? `Anda di peringkat ${number(rank)} dengan ${points(total_points)}, dan tidak ada yang poinnya lebih sedikit.`
      : `Anda di peringkat ${number(rank)}, dan keunggulan Anda atas posisi di bawahnya ${points(lead_over_next_rank)}.`
  },
  otherBusinesses: () =>
    'Saya hanya tahu usaha Anda sendiri dan tidak bisa melihat usaha lain. Papan peringkat di halaman “Kemajuan” menampilkan apa yang mereka pilih untuk ditampilkan. Kalau mau, tanyakan peringkat Anda sendiri.',
  earn({ rules }) {
    if (rules.length === 0) return 'Saat ini belum ada yang memberi poin. Program Anda dapat mengubahnya.'
    const lines = rules.slice(0, shown * 2).map((rule) => {
      const cap = rule.daily_cap === null ? '' : `, paling banyak ${number(rule.daily_cap)} sehari`
      return `${typeName(rule.type)}: ${points(rule.points)}${cap}`
    })
    return `Ini yang memberi poin:\n\n${listed(lines)}`
  },
  recentPoints({ entries }, wanted) {
    if (entries.length === 0)
      return 'Anda belum punya poin, jadi belum ada yang perlu dijelaskan. Tanyakan apa saja yang memberi poin.'
    const meant = entries.filter((entry) => wanted !== undefined && Math.abs(entry.points) === wanted)
    const lines = (meant.length > 0 ? meant : entries).slice(0, shown).map(entryLine)
    return `${meant.length > 0 ? 'Poin itu untuk' : 'Poin terbaru Anda'}:\n\n${listed(lines)}`
  },
  pointsToday({ entries, today, points_today }) {
    if (points_today === null)
      return 'Hari ini ada terlalu banyak catatan untuk saya jumlahkan. Semuanya ada di halaman “Kemajuan”.'
    const lines = entries.filter(({ day }) => day === today).map(entryLine)
    if (lines.length === 0) return 'Hari ini belum ada poin yang masuk. Tanyakan apa saja yang memberi poin.'
    return `Hari ini Anda mendapat ${points(points_today)}:\n\n${listed(lines)}`
  },
  pointsWeek({ points_this_week: now, points_last_week: before }) {
    if (now === null || before === null)
      return 'Catatannya terlalu banyak untuk saya jumlahkan, jadi saya tidak bisa membandingkan kedua minggu itu.'
    const verdict =
      now > before
        ? 'Anda sudah melampaui minggu lalu!'
        : now === before
          ? 'Hasilnya sama.'
          : 'Minggu ini belum selesai.'
    return `Minggu ini, sejak Senin, Anda mendapat ${points(now)}; sepanjang minggu lalu ${points(before)}. ${verdict}`
  },
  whatIf(imagined) {
    const { level, next_level, rank, rank_now, new_achievements, new_achievements_count } = imagined
    const lines = [
      `Dengan tambahan ${points(imagined.points_added)}, poin Anda menjadi ${number(imagined.total_points)}.`,
    ]
    if (level) {
      lines.push(
        imagined.is_new_level ? `Anda naik ke level ${plain(level.name)}!` : `Level Anda tetap ${plain(level.name)}.`,
      )
    }
    if (next_level) lines.push(`Ke ${plain(next_level.name)} kurang ${points(next_level.points_missing)} lagi.`)
    if (rank !== null) {
      const before = rank_now === null || rank_now === rank ? '' : `, dari ${number(rank_now)} sekarang,`
      lines.push(
        `Peringkat Anda menjadi ${number(rank)}${before} dari ${number(imagined.ranked_businesses)} usaha, kalau yang lain tidak berubah.`,
      )
    }
    if (new_achievements_count > 0) {
      const titles = new_achievements.map(({ title }) => plain(title)).join(', ')
      const more = new_achievements_count > new_achievements.length ? ' dan lainnya' : ''
      lines.push(`Pencapaian baru: ${titles}${more}.`)
    }
    return lines.join(' ')
  },
  whatIfHowMany: () =>
    'Berapa poin tambahan yang harus saya bayangkan? Tulis jumlahnya, misalnya “kalau saya dapat seratus poin lagi?”',
  alreadyThere: ({ total_points, level }) =>
    `Anda sudah punya ${points(total_points)}${level ? `, dan berada di level ${plain(level.name)}` : ''}.`,
  game: () =>
    'Kegiatan untuk usaha Anda memberi poin, menurut aturan program. Poin menaikkan level, membuka pencapaian, dan menentukan peringkat di papan peringkat. Pencapaian tetap milik Anda; level mengikuti poin. Apakah ada hadiah di luar itu, hanya program Anda yang tahu.',

  advice({ lines }, { stage, next_level }) {
    const ladder = next_level
      ? `\n\nDan ${points(next_level.points_missing)} lagi membawa Anda ke ${plain(next_level.name)}.`
      : ''
    return `Pada tahap Anda (${plain(stage)}), langkah ini layak dicoba:\n\n${listed(lines)}${ladder}`
  },
  topic: ({ opening, lines, caution }) =>
    `${opening}\n\n${listed(lines)}\n\n${caution ?? 'Ini tips umum: saya penasihat luring dan tidak tahu angka usaha Anda.'}`,

  remembered: ({ fact, already_known }) =>
    already_known ? `Itu sudah saya ketahui: “${plain(fact)}”` : `Saya ingat: “${plain(fact)}”`,
  nothingToRemember: () => 'Apa yang harus saya ingat? Tulis, misalnya: “ingat bahwa kami tutup setiap Senin”.',
  facts({ facts, total }) {
    if (total === 0) return 'Belum ada catatan. Tulis “ingat bahwa …”, dan saya akan menyimpannya.'
    const lines = facts.slice(0, shown * 2).map(({ fact, remembered_on }) => `${plain(fact)} (${remembered_on})`)
    return `Ini yang saya ingat:\n\n${listed(lines)}${total > lines.length ? '\n\ndan lainnya.' : ''}`
  },
  forget: () =>
    'Saya tidak bisa menghapus catatan dari obrolan ini. Anda sendiri bisa mengubah dan menghapusnya: buka “Yang diingat penasihat” di samping percakapan Anda, atau tanyakan “apa yang kamu ingat?” untuk melihatnya.',
  remind: () =>
    'Saya tidak bisa mengingatkan pada waktu tertentu: saya tidak punya jam dan tidak mengirim pesan. Saya bisa menyimpan catatan, kalau Anda menulis “ingat bahwa …”.',

  addPoints: () =>
    'Saya tidak bisa begitu saja memberi poin: poin datang dari kegiatan Anda. Catat kegiatan Anda di halaman “Kemajuan”; poinnya langsung masuk. Kalau mau, tanyakan apa saja yang memberi poin.',
  recorded({ type, points_awarded, total_points, levels_gained, achievements_unlocked, reason }) {
    const told =
      points_awarded > 0
        ? `Sudah saya catat: ${typeName(type)}. Itu memberi ${points(points_awarded)}, dan poin Anda sekarang ${number(total_points)}.`
        : `Sudah saya catat: ${typeName(type)}. Kali ini tidak ada poin untuk itu${reason === null ? '' : ` (${REASONS.get(reason) ?? plain(reason)})`}; poin Anda ${number(total_points)}.`
    const level = levels_gained.at(-1)
    return [
      told,
      level === undefined ? '' : `Anda mencapai level ${plain(level)}!`,
      achievements_unlocked.length === 0 ? '' : `Anda membuka: ${achievements_unlocked.map(plain).join(', ')}.`,
    ]
      .filter(Boolean)
      .join(' ')
  },
  notRecorded: (reason) =>
    reason === 'denied'
      ? 'Baik, tidak ada yang saya catat. Beri tahu saya kalau Anda jadi mau.'
      : 'Anda tidak menjawab tepat waktu, jadi tidak ada yang saya catat. Silakan minta lagi kapan saja.',
  cannotRecord: () =>
    'Saya tidak bisa mencatatkan kegiatan, penjualan, atau pengeluaran untuk Anda di sini. Catat kegiatan Anda di halaman “Kemajuan”; poinnya langsung masuk. Kalau mau, tanyakan apa saja yang memberi poin.',
  changeProfile: () =>
    'Saya tidak bisa mengubah profil Anda. Anda bisa mengubahnya sendiri di halaman “Usaha”: nama, tahap, kategori, target, dan apakah papan peringkat menampilkan nama, nama samaran, atau tidak sama sekali.',
  account: () =>
    'Saya tidak bisa mengubah akun Anda. Di halaman “Akun” Anda bisa mengganti kata sandi, nama, dan bahasa, dan menghapus akun beserta seluruh isinya. Kalau tidak bisa masuk, minta tautan kata sandi baru kepada orang-orang program Anda.',
  privacy: () =>
    `Yang Anda tulis di sini tidak dibagikan kepada pemilik lain, bank, atau siapa pun: saya penasihat luring, dan isinya tidak keluar dari instalasi ini. Siapa bisa melihat apa:\n\n${listed(
      [
        'Hanya Anda yang melihat percakapan ini dan catatan saya di aplikasi.',
        'Di papan peringkat orang lain melihat nama usaha, nama Anda, poin, level, dan jumlah pencapaian, kecuali Anda memilih nama samaran atau disembunyikan di halaman “Usaha”.',
        'Admin program Anda, dan program lain yang mereka sambungkan, melihat usaha Anda dan poinnya.',
      ],
    )}`,
  humanHelp: () =>
    'Saya tidak bisa menyambungkan Anda dengan seseorang. Orang-orang program Anda bisa membantu: hubungi yang mengundang Anda, atau kontak yang diberikan program.',
  toolFailed(error) {
    const said = ERRORS.flatMap(([english, indonesian]) => english.exec(error)?.[0].replace(english, indonesian) ?? [])
    return ['Saya belum bisa melakukannya.', ...said].join(' ')
  },
}

const hidden = (total: number) =>
  `Usaha Anda disembunyikan dari papan peringkat, jadi tidak punya peringkat. Poinnya ${number(total)}.`

function nextPlace({ rank, points_to_next_rank }: { rank: number | null; points_to_next_rank: number | null }): string {
  if (points_to_next_rank !== null)
    return `Tambah ${points(points_to_next_rank)} lagi untuk mencapai posisi di atasnya.`
  return rank === 1 ? 'Tidak ada yang di atas Anda!' : ''
}

const DATE_WORDS: ReadonlyMap<string, string> = new Map(
  `Monday=Senin Tuesday=Selasa Wednesday=Rabu Thursday=Kamis Friday=Jumat Saturday=Sabtu Sunday=Minggu January=Januari
  February=Februari March=Maret May=Mei June=Juni July=Juli August=Agustus October=Oktober December=Desember`
    .split(/\s+/)
    .map((pair) => pair.split('='))
    .map(([english = '', indonesian = '']) => [english, indonesian] as const),
)

const dateInIndonesian = (today: string) => today.replaceAll(/[A-Z][a-z]+/g, (word) => DATE_WORDS.get(word) ?? word)
