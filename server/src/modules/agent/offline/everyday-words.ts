import type { Locale } from '../failures.ts'

/** FUNCTION_WORDS say which language is spoken, whatever is being asked. */
export const FUNCTION_WORDS: Record<Locale, string> = {
  en: `the a an is are am was were be been i me my mine we us our you your he she they them their it its this that these
    those what which when where how many much who whose why do does did done can could should would will shall may might must
    have has had to of in on for with without and or not no yes about please tell show give want need at by from into so if
    than then there here just too very really also any some every all more most less up down out off over again still only
    now today tomorrow yesterday week month year day morning night good bad new old big small right well let keep make get
    got getting take going go come back know think like feel really thing things way lot first last because before after while
    someone something nothing ever been went said buy home wife husband kids through always never often maybe sure`,
  id: `yang dan di ke dari untuk dengan adalah ini itu apa siapa kapan dimana mana bagaimana gimana berapa saya aku kami kita
    kamu tidak bukan sudah belum bisa boleh mau pengen harus akan tentang tolong dong ya kah pada juga lagi ada tampilkan
    lihat kasih usaha sih deh nih tuh kok loh lho kan aja banget sekali sama buat biar supaya agar kalau karena tapi atau
    jadi kenapa cara sekarang kemarin besok nanti tadi hari bulan tahun minggu setiap tiap semua banyak sedikit lebih kurang
    paling terus masih pernah selalu sering jarang dapat pakai jangan lupa tanpa hanya cuma sedang malah memang mungkin coba perlu
    butuh sebelum setelah ketika waktu bikin jalan anak istri suami rumah beli bilang gini begini padahal biasanya mulai sampai dalam luar atas bawah depan belakang kak pak bu mas mbak min
    bang gan sis baru lama besar kecil baik begitu punya sendiri orang dia mereka nya habis tetap dulu oke iya`,
}

/**
 * COMMON_WORDS are words of every day that no pattern needs. Who knows them neither corrects them nor takes them for
 * names.
 */
export const COMMON_WORDS: Record<Locale, string> = {
  en: `able across actually ago almost alone along already although amount anything anyway around away basic became become
    been beginning behind being below best between book both bring brought build built busy buying call called came care case
    certain chance city close coming common cook cooking could course current daily decide different door early easy either else end
    enough especially even evening exactly example exist expect extra eye face fact family far fast few find fine five food
    found four free friend full fun fund future general girl glad gone great group guess half hand happen hard head hear
    heart high hold hope hour house idea important inside instead job just kind kitchen large last late later least leave
    left less letter life line little live local long look love low main matter maybe mean meet might mind minute moment
    money most mother move name near next nice note number often once open order outside own paper part past people per
    phone pick place plan play possible post print probably problem put question quick quite read ready reason rest room
    run same second seem send set seven several short side since sit six small soon sort start stay step still stop street
    such sure system talk team teach ten third though three till together total touch town true try turn two type
    understand use usually very wait walk weekend whole why wife wish within word world worth wrong young exist mandatory`,
  id: `adalah agak agar akhir akhirnya aku amat anak antara apalagi arah asal atau ayah ayam badan bagaimana bagian
    bagus bahkan bahwa bantu banyaknya barangkali baru bawa beberapa beda begitu belajar benar berapa beras berat berbagai
    berhenti besar besok betul biasa biaya bicara bila bisa boleh buah buka bukan cabang cari cepat cerita coba contoh cukup
    cuma daerah dalam dapur datang daya dekat delapan demikian dengan depan desa diri dulu dunia enak entah gagal gampang
    ganti gara-gara gede guru gula habis hampir hari hati hidup hujan ibu ikut ikutan jaga jalan jam jangan jarak jauh jelas
    jelek jenis juga kadang kadang-kadang kalah kampung kanan kantor kata kayak kayaknya kecil kemarin kena kenal kepala
    keras kerja kerjaan kira kiri kota kue kuliah kursus lain laki lama lambat lancar langsung lantas lebih lewat luar lupa
    macam main makan maksud malah malas mampu masa masak masalah masih masuk mata mati melulu memang mending menurut menit meski
    minum mirip model muda mudah mulai mungkin musim naik nama nanti nasi naik nenek niat nyata orang pagi paham pakai
    paling panas panjang pasar pasti pelan penting pergi perlu pernah pintu pisah pulang punya pusat rajin rasa roti
    rugi rumah rusak sakit salah sama sampai sana sangat sayang sebab sebelah sebentar sedikit sehari sekalian sekitar
    selain selalu selesai semoga sempat sendiri sengaja senang sering serta siap sini situ soal suami suatu suka susah
    tadi tahan tamu tanah tangan tanpa tempat tentu tepat terlalu ternyata tetap tiba tidur tiga tinggal tinggi tolong
    total tua tugas tunggu turut ujung umum untung usah waktu wah wajib warna yakin enaknya baiknya ngerjain doang kayanya gitulah bikinin cariin kerjain mulu kebanyakan belakangan
    kepengen kepikiran keliatan kelihatan ngerti paham ngomongin nyoba ngeliat gimanain percaya beneran lumayan jarang`,
}
