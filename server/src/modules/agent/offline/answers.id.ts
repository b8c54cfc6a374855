import { type Answers, listed, shown, type StageKind } from './answers.ts'

const number = (value: number) => value.toLocaleString('id')
const points = (value: number) => `${number(value)} poin`
const percent = (progress: number) => `${Math.floor(progress * 100)}%`

const ABILITIES = listed([
  'poin, level, dan jalan ke level berikutnya',
  'pencapaian Anda dan seberapa dekat yang berikutnya',
  'posisi Anda di papan peringkat',
  'apa saja yang memberi poin',
  'langkah berikutnya sesuai tahap usaha Anda',
  'mengingat sesuatu: “ingat bahwa …”, dan “apa yang kamu ingat?”',
])

const ADVICE: Record<StageKind, string[]> = {
  idea: [
    'Bicaralah dengan lima orang yang punya masalah yang ingin Anda pecahkan; lebih banyak mendengar daripada menjelaskan.',
    'Tulis dalam satu kalimat siapa yang membayar Anda, dan untuk apa.',
    'Jual versi terkecil yang bisa Anda buat minggu ini.',
  ],
  starting: [
    'Catat setiap penjualan dan setiap pengeluaran sejak hari pertama.',
    'Tanyakan kepada pelanggan pertama apa yang hampir membuat mereka batal membeli.',
    'Pisahkan uang usaha dari uang pribadi.',
  ],
  running: [
    'Lihat minggu lalu: produk mana yang paling menghasilkan, dan mana yang paling menyita waktu?',
    'Minta pelanggan terbaik Anda mengajak satu teman.',
    'Sisihkan bagian tetap dari setiap penjualan untuk pajak dan minggu sepi.',
  ],
  growing: [
    'Cari tahu apa yang pertama kali kewalahan bila pesanan berlipat dua, lalu perbaiki sekarang.',
    'Tulis langkah tugas yang paling sering Anda ulang, lalu serahkan kepada orang lain.',
    'Periksa margin setiap produk sebelum menjual lebih banyak.',
  ],
  mature: [
    'Tanyakan kepada pelanggan yang pergi mengapa mereka pergi.',
    'Coba satu penawaran baru pada kelompok kecil sebelum mengubah semuanya.',
    'Tulis apa yang hanya Anda yang tahu, agar usaha bisa berjalan seminggu tanpa Anda.',
  ],
}

/** answersId are the offline advisor's sentences in Indonesian. */
export const answersId: Answers = {
  greeting: (data) =>
    `Halo${data ? ` ${data.user_name}` : ''}! Saya penasihat luring Tangga: tidak ada model AI yang tersambung, tetapi saya bisa mencarikan banyak hal untuk Anda. Tanyakan poin, peringkat, atau langkah berikutnya.`,
  thanks: (data) => `Sama-sama${data ? `, ${data.user_name}` : ''}! Terus melangkah, satu anak tangga demi satu.`,
  help: () =>
    `Saya penasihat luring Tangga: tidak ada model AI yang tersambung. Saya bisa membantu soal:\n\n${ABILITIES}`,
  outOfScope: () =>
    `Saya penasihat luring dan tidak memahami pertanyaan itu, atau itu di luar pengetahuan saya. Saya bisa membantu soal:\n\n${ABILITIES}`,
  progress(summary) {
    const { level, total_points, achievements_unlocked, achievements_total } = summary
    const standing = level ? ` dan berada di level ${level.name}` : ''
    return [
      `${summary.business_name} punya ${points(total_points)}${standing}.`,
      achievements_total > 0
        ? `Pencapaian terbuka: ${number(achievements_unlocked)} dari ${number(achievements_total)}.`
        : '',
      this.nextLevel(summary),
    ]
      .filter(Boolean)
      .join(' ')
  },
  nextLevel({ level, next_level, total_points }) {
    if (next_level) {
      return `Level berikutnya ${next_level.name} pada ${points(next_level.required_points)}: kurang ${points(next_level.points_missing)} lagi.`
    }
    return level
      ? `Anda sudah di level tertinggi, ${level.name}. Hebat!`
      : `Belum ada level; Anda punya ${points(total_points)}.`
  },
  achievements(list) {
    if (list.total === 0) return 'Belum ada pencapaian.'
    return `Anda sudah membuka ${number(list.unlocked_count)} dari ${number(list.total)} pencapaian. ${this.nextAchievement(list)}`
  },
  unlockedAchievements(list) {
    if (list.unlocked_count === 0) return `Belum ada pencapaian yang terbuka. ${this.nextAchievement(list)}`
    const titles = list.unlocked
      .slice(0, shown)
      .map((achievement) => `${achievement.title} (${points(achievement.required_points)})`)
    const more = list.unlocked_count - titles.length
    return `Anda sudah membuka ${number(list.unlocked_count)} dari ${number(list.total)} pencapaian:\n\n${listed(titles)}${more > 0 ? `\n\ndan ${number(more)} lainnya.` : ''}`
  },
  nextAchievement(list) {
    const lines = list.locked
      .slice(0, shown)
      .map(
        (achievement) =>
          `${achievement.title}: kurang ${points(achievement.points_missing)} (${percent(achievement.progress)})`,
      )
    if (lines.length === 0) return list.total === 0 ? 'Belum ada pencapaian.' : 'Semuanya sudah Anda buka!'
    return `Yang terdekat:\n\n${listed(lines)}`
  },
  rank(position) {
    const { rank, ranked_businesses, total_points, points_to_next_rank, lead_over_next_rank } = position
    if (rank === null) {
      return `Usaha Anda disembunyikan dari papan peringkat, jadi tidak punya peringkat. Poinnya ${points(total_points)}.`
    }
    const lines = [
      `Anda di peringkat ${number(rank)} dari ${number(ranked_businesses)}, dengan ${points(total_points)}.`,
    ]
    if (rank === 1) lines.push('Tidak ada yang di atas Anda!')
    else if (points_to_next_rank !== null)
      lines.push(`Tambah ${points(points_to_next_rank)} lagi untuk mencapai posisi di atasnya.`)
    if (lead_over_next_rank !== null)
      lines.push(`Keunggulan Anda atas posisi di bawahnya ${points(lead_over_next_rank)}.`)
    return lines.join(' ')
  },
  earn({ rules }) {
    if (rules.length === 0) return 'Saat ini belum ada yang memberi poin. Program Anda dapat mengubahnya.'
    const lines = rules.slice(0, shown * 2).map((rule) => {
      const cap = rule.daily_cap === null ? '' : `, paling banyak ${number(rule.daily_cap)} sehari`
      return `${readable(rule.type)}: ${points(rule.points)}${cap}`
    })
    return `Ini yang memberi poin:\n\n${listed(lines)}`
  },
  advice(stage, summary) {
    const { next_level } = summary
    const ladder = next_level
      ? `\n\nDan ${points(next_level.points_missing)} lagi membawa Anda ke ${next_level.name}.`
      : ''
    return `Pada tahap Anda (${summary.stage}), langkah ini layak dicoba:\n\n${listed(ADVICE[stage])}${ladder}`
  },
  remembered: ({ fact, already_known }) =>
    already_known ? `Itu sudah saya ketahui: “${fact}”` : `Saya ingat: “${fact}”`,
  nothingToRemember: () => 'Apa yang harus saya ingat? Tulis, misalnya: “ingat bahwa kami tutup setiap Senin”.',
  facts({ facts, total }) {
    if (total === 0) return 'Belum ada catatan. Tulis “ingat bahwa …”, dan saya akan menyimpannya.'
    const lines = facts.slice(0, shown * 2).map(({ fact, remembered_on }) => `${fact} (${remembered_on})`)
    const more = total - lines.length
    return `Ini yang saya ingat:\n\n${listed(lines)}${more > 0 ? `\n\ndan ${number(more)} lainnya.` : ''}`
  },
  toolFailed: (error) => `Saya belum bisa melakukannya. ${error}`,
}

const readable = (type: string) => type.replaceAll(/[_.-]+/g, ' ')
