import type { Locale } from '../failures.ts'
import { COMMON_WORDS, FUNCTION_WORDS } from './everyday-words.ts'

/** Concept names a thing that both languages have words for; patterns are written in concepts. */
export type Concept = keyof typeof CONCEPTS

// Several words in a row are joined by `_`. A word may belong to more than one concept. The first line is English, the
// second Indonesian; what stands in both says nothing about the language.
const CONCEPTS = {
  self: ['i me my mine we us our ours myself', 'saya aku kami kita punyaku punya_saya'],
  you: ['you your yours', 'kamu kak min mas mbak'],
  what: ['what which', 'apa mana apaan apakah'],
  how: ['how', 'gimana cara caranya'],
  how_many: ['how_many how_much number_of', 'berapa jumlah seberapa'],
  who: ['who whose', 'siapa siapakah'],
  when: ['when', 'kapan'],
  if: [
    'if suppose supposing imagine assuming say_i',
    'kalau misal misalnya misalkan seandainya andai andaikan jika bila semisal',
  ],
  would: ['would will could', 'jadi bakal akan'],
  need: [
    'need needed needs require left missing remaining short_of until till',
    'butuh perlu kurang sisa hingga sampai menuju biar',
  ],
  can: ['can could able may', 'bisa boleh dapatkah'],
  show: [
    'show list display give_me see tell check view',
    'tampilkan lihat tunjukkan sebutkan daftar cek kasih_tahu tampilin',
  ],
  all: ['all every', 'semua seluruh apa_aja'],
  have: ['have got had', 'punya ada milik'],
  not: ['not no never nothing nobody none without', 'tidak belum jangan bukan tanpa'],
  want: ['want would_like', 'mau pengen hendak'],

  point: ['point points', 'poin point points'],
  score: ['score scores', 'skor nilai'],
  level: ['level levels rung rungs', 'level tingkat tingkatan tahapan'],
  next: [
    'next upcoming following another',
    'berikutnya selanjutnya berikut lanjut lanjutannya next setelah_ini habis_ini abis_ini sesudah_ini',
  ],
  up: ['up advance climb climbing higher rise move_up', 'naik menaikkan naikkan naikin'],
  achievement: [
    'achievement achievements badge badges trophy trophies medal medals',
    'pencapaian lencana prestasi penghargaan medali badge',
  ],
  unlocked: [
    'unlocked earned achieved got gotten collected completed received so_far already have_i i_have ive',
    'sudah raih diraih terbuka dibuka terkumpul peroleh diperoleh punya',
  ],
  closest: ['closest nearest close almost', 'terdekat paling_dekat dekat hampir'],
  rank: [
    'rank ranking ranked ranks leaderboard leader_board standings board',
    'peringkat ranking rank rangking rengking urutan klasemen leaderboard papan_skor papan_peringkat papan',
  ],
  place: ['place position spot', 'posisi tempat urutan keberapa'],
  overtake: [
    'overtake pass beat catch catching surpass',
    'salip nyalip menyalip susul nyusul menyusul kejar ngejar mengejar lewati lewatin ngalahin kalahkan mengalahkan',
  ],
  above: ['above ahead in_front front', 'atas depan atasku'],
  below: ['below behind', 'bawah belakang bawahku'],
  others: [
    'others other everyone everybody competitors competitor rivals neighbours neighbour neighbors neighbor someone',
    'lain lainnya orang tetangga saingan pesaing kompetitor teman',
  ],
  anyone: ['anyone anybody someone somebody', 'ada siapa_yang'],
  first: [
    'first top number_one number_1 number_#1 #1 winner best leader',
    'juara pertama nomor_satu nomor_1 nomer_satu nomer_1 teratas terbaik',
  ],
  earn: [
    'earn get gain collect make win receive gather',
    'dapat dapatkan mendapatkan mendapat raih kumpulkan mengumpulkan ngumpulin hasilkan menghasilkan memperoleh cari nyari',
  ],
  give: ['give gives giving pay worth', 'kasih ngasih beri memberi dikasih diberi menghasilkan bernilai'],
  more: [
    'more extra another additional faster',
    'lebih tambah nambah tambahan lagi menambah tambahin ditambah banyak bertambah',
  ],
  why: ['why how_come', 'kenapa kok'],
  last: ['last latest recent recently newest', 'terakhir terbaru barusan tadi'],
  history: ['history ledger transactions', 'riwayat histori sejarah mutasi'],
  source: ['come_from came_from comes_from where_from where_did where_do source', 'dari_mana darimana asal asalnya'],
  down: [
    'go_down are_down is_down keep_dropping went_down gone_down going_down drop dropped lose lost decrease decreased fewer deducted taken minus',
    'berkurang turun hilang dipotong menurun dikurangi minus dikurang',
  ],
  today: ['today', 'hari_ini'],
  week: ['week weekly', 'minggu pekan seminggu'],
  last_week: ['last_week previous_week week_before', 'minggu_lalu minggu_kemarin pekan_lalu minggu_sebelumnya'],
  compare: [
    'compare compared comparison versus vs than',
    'bandingkan banding dibanding dibandingkan perbandingan lebih_baik',
  ],
  activity: ['activity activities action actions task tasks things thing', 'kegiatan aktivitas hal tindakan'],
  record: [
    'record recording log enter add register',
    'catat catatkan catatin mencatat input masukkan masukin nyatat rekam',
  ],
  sale: ['sale sales order orders', 'penjualan jualan sales omzet omset orderan pesanan'],
  expense: ['expense expenses spending costs cost', 'pengeluaran biaya belanja ongkos'],
  work: ['work works working', 'kerja kerjanya cara_kerja sistem'],
  use: [
    'use for purpose good_for exchange redeem',
    'buat guna gunanya fungsi fungsinya kegunaan tukar ditukar manfaat',
  ],

  business: ['business shop store company stall restaurant', 'usaha bisnis toko warung kedai jualan dagangan'],
  do: ['do start begin focus', 'lakukan dilakukan mulai ngapain kerjakan fokus'],
  should: ['should must ought', 'harus sebaiknya mesti baiknya'],
  advice: [
    'advice advise tip tips suggestion suggestions suggest recommend recommendation',
    'saran tips nasihat nasehat masukan rekomendasi anjuran',
  ],
  grow: [
    'grow growing improve expand develop',
    'kembangkan mengembangkan majukan memajukan ngembangin maju berkembang',
  ],
  stuck: ['stuck confused lost', 'bingung buntu mentok'],
  doing: ['doing going', 'perkembangan kabarnya kondisi'],
  progress: ['progress status', 'kemajuan perkembangan progres progress status pencapaianku'],
  summary: ['summary overview recap', 'ringkasan rangkuman rekap ikhtisar'],

  customer: [
    'customer customers regulars tourist tourists visitor visitors buyer buyers client clients guest guests',
    'pelanggan pembeli konsumen langganan customer klien',
  ],
  money: ['money cash', 'uang duit kas modal dana'],
  run_out: ['run_out runs_out running_out ran_out short tight broke', 'habis abis seret kehabisan menipis ludes tekor'],
  cash_flow: ['cash_flow cashflow', 'arus_kas cash_flow cashflow arus_uang'],
  debt: [
    'owe owes debt debts unpaid invoice invoices pay_late late_payment on_credit tab',
    'utang ngutang hutang ngebon kasbon nunggak piutang nagih tagih menagih bon',
  ],
  late: ['late later', 'telat terlambat lambat molor'],
  pay: ['pay pays paying paid payment', 'bayar membayar dibayar pembayaran'],
  price: ['price prices pricing priced margin markup', 'harga tarif margin hpp harga_jual'],
  discount: ['discount discounts bargain bargaining haggle haggling', 'diskon potongan nawar tawar menawar ditawar'],
  expensive: ['expensive cheap cheaper pricey', 'mahal murah kemahalan kemurahan'],
  set: ['set decide choose calculate', 'tentukan menentukan nentuin netapin menetapkan hitung ngitung menghitung'],
  marketing: [
    'marketing promote promotion promotions advertise advertising ads advert publicity',
    'promosi pemasaran iklan mempromosikan marketing promo ngiklan brosur',
  ],
  social: [
    'instagram facebook tiktok whatsapp post posts social_media content reels',
    'instagram facebook tiktok whatsapp wa ig fb konten sosmed medsos media_sosial postingan',
  ],
  quiet: ['slow quiet empty', 'sepi lesu sunyi'],
  known: ['known know knows heard', 'kenal dikenal tahu terkenal'],
  crowd: ['busy crowded', 'ramai laris laku'],
  stock: [
    'stock inventory stocks restock restocking shelf shelves',
    'stok restok nyetok persediaan stock inventaris gudang rak',
  ],
  goods: [
    'goods products product items ingredients vegetables fruit supplies',
    'barang produk bahan sayur sayuran buah bahan_baku dagangan',
  ],
  spoil: [
    'spoil spoils spoiled throw_away thrown_away throwing_away expire expired expires rot rots rotten go_bad goes_bad going_bad waste',
    'busuk basi terbuang kebuang dibuang kadaluarsa kedaluwarsa expired membusuk layu',
  ],
  pile: ['leftover leftovers unsold dead_stock overstock', 'numpuk menumpuk tidak_laku sisa'],
  supplier: ['supplier suppliers vendor wholesaler', 'supplier pemasok distributor grosir'],
  books: [
    'books bookkeeping accounting accounts ledger_book',
    'pembukuan akuntansi buku_kas laporan_keuangan keuangan',
  ],
  write_down: ['write_down keep_track track write', 'catat mencatat nyatat tulis pencatatan'],
  profit: [
    'profit profits profitable loss losses earnings earn_money lose_money',
    'untung laba rugi keuntungan profit cuan',
  ],
  return: [
    'come_back return returning loyal loyalty regulars coming_back back',
    'balik balik_lagi kembali setia loyal langganan',
  ],
  complaint: [
    'complaint complaints complain complains complained review reviews angry unhappy rude refund',
    'komplain keluhan marah kecewa ulasan mengeluh protes refund',
  ],
  staff: [
    'employee employees staff worker workers assistant helper hire hiring recruit',
    'karyawan pegawai pekerja pembantu rekrut merekrut tukang anak_buah',
  ],
  wage: ['wage wages salary', 'gaji upah menggaji'],
  loan: [
    'loan loans borrow borrowing lender mortgage instalment lend lends lending',
    'pinjam pinjaman meminjam kredit kur pinjol cicilan angsuran minjem minjam dipinjami meminjami',
  ],
  save: ['save saving savings put_aside', 'nabung tabung menabung tabungan nyisihin sisihkan menyisihkan'],
  bank: ['bank', 'bank koperasi'],
  capital: ['capital investor investors funding', 'modal investor suntikan_dana pendanaan'],
  legal: [
    'register registering registration licence license licenses permit permits legal law certificate halal',
    'nib izin ijin perizinan legalitas sertifikat halal pirt daftar_usaha siup oss badan_hukum npwp hukum',
  ],
  tax: ['tax taxes vat', 'pajak pph ppn'],
  online: ['online website', 'online daring website'],
  marketplace: [
    'marketplace shopee tokopedia lazada gofood grabfood e_commerce ecommerce amazon etsy ebay delivery_app',
    'marketplace shopee tokopedia lazada gofood grabfood shopeefood toko_online',
  ],
  sell: ['sell selling', 'jual menjual jualan berjualan dagang'],

  remember: ['remember memory told notes', 'ingat mengingat diingat catatan cerita bilang'],
  forget: ['forget erase delete remove clear', 'lupakan hapus hilangkan buang menghapus'],
  note: ['note notes memory memories told', 'catatan ingatan memori'],
  remind: ['remind reminder reminders alarm', 'ingatkan ingetin pengingat alarm'],
  language: ['language', 'bahasa'],
  speak: ['speak answer reply use switch talk respond write', 'bicara jawab pakai ngomong ganti ubah balas gunakan'],
  date: ['date', 'tanggal'],
  day: ['day', 'hari'],
  time: ['time oclock', 'jam pukul'],
  now: ['now currently', 'sekarang'],
  message: ['message messages chat conversation conversations', 'pesan chat percakapan obrolan'],
  data: ['data information info privacy private', 'data informasi privasi rahasia'],
  safe: ['safe secure secret confidential', 'aman rahasia terjaga'],
  see: ['see view read access look', 'lihat melihat baca akses intip'],
  share: ['share leak', 'bagikan sebar bocor bocorin kasih_tahu beritahu membagikan'],
  change: ['change edit update rename correct', 'ganti ubah mengubah edit perbarui mengganti'],
  name: ['name called', 'nama'],
  profile: ['profile address category stage goal target', 'profil alamat kategori tahap target tujuan'],
  hide: ['hide hidden', 'sembunyikan sembunyi umpetin'],
  appear: ['appear shown', 'muncul tampil'],
  account: [
    'account password login log_in sign_in email log_out logout sign_out',
    'akun password sandi kata_sandi login email keluar_akun logout',
  ],
  human: ['human person someone admin operator', 'manusia orang admin petugas pendamping operator cs'],
  contact: [
    'talk speak contact call connect reach',
    'ngomong bicara hubungi kontak ngobrol sambung sambungkan telepon',
  ],
  support: ['customer_service customer_support support helpdesk', 'layanan_pelanggan call_center'],
  robot: ['ai bot robot chatgpt gpt machine computer', 'robot mesin bot ai chatgpt komputer'],
  real: ['real actual', 'benar asli beneran sungguhan'],
  tired: [
    'tired exhausted stressed stress worried worry give_up giving_up quit overwhelmed sad hopeless failure burned_out depressed afraid',
    'capek lelah stres stress nyerah menyerah putus_asa sedih khawatir pusing takut cape down_banget berat',
  ],

  hello: [
    'hi hello hey good_morning good_afternoon good_evening howdy greetings yo sup hiya good_day what_up morning',
    'halo selamat_pagi selamat_siang selamat_sore selamat_malam assalamualaikum assalamu_alaikum permisi apa_kabar salam punten hola shalom kabar pa_kabar',
  ],
  daytime: ['daytime', 'pagi siang sore malam'],
  thanks: [
    'thanks thank great awesome perfect helpful appreciate cool got_it understood',
    'makasih terimakasih terima_kasih mantap sip nuhun suwun keren matur_nuwun siap oh_begitu noted',
  ],
  bye: [
    'bye goodbye see_you good_night that_all all_for_today later take_care ttyl gotta_go',
    'dadah bye sampai_jumpa sampai_besok sampai_nanti pamit selamat_tinggal duluan selamat_tidur',
  ],
  help: ['help assist', 'bantu bantuan membantu'],
  ask: ['ask question', 'tanya nanya bertanya tanyakan'],
} as const satisfies Record<string, readonly [en: string, id: string]>

// What a concept counts for in a pattern; the others count 2. These words stand in questions of every kind.
const LIGHT: ReadonlySet<Concept> = new Set([
  'self',
  'you',
  'what',
  'daytime',
  'how',
  'how_many',
  'who',
  'when',
  'would',
  'need',
  'can',
  'show',
  'all',
  'have',
  'not',
  'want',
  'should',
  'do',
  'now',
  'business',
  'more',
  'give',
  'earn',
  'use',
  'day',
  'others',
  'late',
  'known',
  'see',
  'ask',
])

/** weightOf is what a concept, or a plain word, counts for in a pattern. */
export function weightOf(token: string): number {
  return isConcept(token) ? (LIGHT.has(token) ? 1 : 2) : 1
}

/** isConcept tells whether a token of a pattern names a concept. */
export function isConcept(token: string): token is Concept {
  return Object.hasOwn(CONCEPTS, token)
}

const column = (locale: Locale) => (locale === 'en' ? 0 : 1)
const entries = Object.entries(CONCEPTS)

/** CONCEPTS_OF are the concepts that a word, or several joined by `_`, stands for. */
export const CONCEPTS_OF: ReadonlyMap<string, readonly string[]> = Map.groupBy(
  entries.flatMap(([concept, texts]) => texts.flatMap((text) => text.split(' ').map((term) => ({ concept, term })))),
  ({ term }) => term,
)
  .entries()
  .reduce(
    (map, [term, found]) => map.set(term, [...new Set(found.map(({ concept }) => concept))]),
    new Map<string, string[]>(),
  )

/** LONGEST_TERM is how many words the longest term has. */
export const LONGEST_TERM = 3

/** FUNCTION_WORDS_OF and CONTENT_WORDS_OF are the words that belong to one language only. */
export const FUNCTION_WORDS_OF: Record<Locale, ReadonlySet<string>> = {
  en: wordsIn(FUNCTION_WORDS.en).difference(wordsIn(FUNCTION_WORDS.id)),
  id: wordsIn(FUNCTION_WORDS.id).difference(wordsIn(FUNCTION_WORDS.en)),
}
export const CONTENT_WORDS_OF: Record<Locale, ReadonlySet<string>> = {
  en: contentWords('en').difference(contentWords('id')),
  id: contentWords('id').difference(contentWords('en')),
}

/** ORDINARY_WORDS are the words that are known and say nothing about what is asked. */
export const ORDINARY_WORDS: ReadonlySet<string> = wordsIn(
  [FUNCTION_WORDS, COMMON_WORDS].map(({ en, id }) => `${en} ${id}`).join(' '),
)

/** isKnown tells whether a word is in the vocabulary at all. */
export function isKnown(word: string): boolean {
  return ORDINARY_WORDS.has(word) || CONTENT_WORDS.has(word)
}

const CONTENT_WORDS: ReadonlySet<string> = contentWords('en').union(contentWords('id'))

function contentWords(locale: Locale): Set<string> {
  const terms = entries.map(([, texts]) => texts[column(locale)].replaceAll('_', ' '))
  return wordsIn(`${terms.join(' ')} ${COMMON_WORDS[locale]}`)
}

function wordsIn(text: string): Set<string> {
  return new Set(text.trim().split(/\s+/))
}
