const LONGEST = 2_000
const MOST_WORDS = 120

// What people type for longer words, in both languages.
const SHORT_FORMS: ReadonlyMap<string, string> = new Map(
  `sy=saya ak=aku gw=saya gue=saya gua=saya ane=saya km=kamu lu=kamu lo=kamu elu=kamu ente=kamu anda=kamu
  yg=yang dgn=dengan utk=untuk untk=untuk bwt=buat dr=dari dlm=dalam pd=pada tp=tapi krn=karena karna=karena sm=sama
  brp=berapa brapa=berapa brpa=berapa gmn=gimana gmana=gimana gimn=gimana bgmn=gimana bagaimana=gimana gmnya=gimana
  knp=kenapa knapa=kenapa mengapa=kenapa ngapa=kenapa kpn=kapan dmn=dimana dmna=dimana mn=mana
  udh=sudah udah=sudah sdh=sudah dah=sudah blm=belum blom=belum belom=belum jg=juga lg=lagi lgi=lagi
  gak=tidak ga=tidak nggak=tidak enggak=tidak ngga=tidak gk=tidak tdk=tidak ndak=tidak kagak=tidak tak=tidak engga=tidak
  bs=bisa bsa=bisa hrs=harus hrus=harus mo=mau pgn=pengen pengin=pengen pingin=pengen ingin=pengen
  dapet=dapat dpt=dapat dpet=dapat dapetin=dapatkan dptin=dapatkan kalo=kalau klo=kalau kl=kalau klau=kalau
  skrg=sekarang skg=sekarang skrang=sekarang hr=hari bln=bulan thn=tahun mgg=minggu tgl=tanggal td=tadi kmrn=kemarin kmaren=kemarin bsk=besok
  bgt=banget bngt=banget bnyk=banyak byk=banyak jd=jadi jdi=jadi aj=aja ajah=aja saja=aja gitu=begitu gini=begini
  makasi=makasih mksh=makasih mksih=makasih trimakasih=terimakasih trims=makasih tengkyu=makasih tq=makasih
  tlg=tolong plis=tolong bhs=bahasa org=orang plg=pelanggan pake=pakai liat=lihat tau=tahu inget=ingat
  kasi=kasih ksh=kasih deket=dekat rame=ramai cepet=cepat males=malas bener=benar sampe=sampai
  thx=thanks thnx=thanks thks=thanks tnx=thanks ty=thanks tysm=thanks cheers=thanks pls=please plz=please
  u=you ur=your r=are im=i ive=i ill=i id=i wanna=want gonna=going gotta=must dont=not doesnt=not didnt=not cant=not
  cannot=not wont=not isnt=not arent=not whats=what hows=how whos=who wheres=where whens=when thats=that
  wat=what wich=which bcs=because cuz=because tmrw=tomorrow tmr=tomorrow ppl=people biz=business lvl=level pts=points
  hai=halo hallo=halo hei=halo met=selamat slmt=selamat`
    .split(/\s+/)
    .map((pair) => pair.split('='))
    .map(([short = '', long = '']) => [short, long] as const),
)

/** Word is one word of a message; `clause` counts the parts that punctuation and “and” divide it into. */
export type Word = { text: string; written: string; clause: number }

// “sama” is both “and” and “with”; a pattern that needs words on both sides of it loses little.
const JOINERS: ReadonlySet<string> = new Set(['and', 'dan', 'also', 'plus', 'serta', 'sama', 'terus', 'lalu', 'then'])

const PIECE = /#?\p{N}+(?:[.,]\p{N}+)*\p{L}*|[\p{L}\p{M}][\p{L}\p{M}\p{N}’']*|[.,;:!?\n&+]/gu

/**
 * wordsOf reads a message as lower-case words without accents and apostrophes, with letters repeated out of feeling
 * (“haloooo”) written once and short forms (“brp”) written out.
 */
export function wordsOf(message: string): Word[] {
  const words: Word[] = []
  let clause = 0
  const pieces = message.slice(0, LONGEST).normalize('NFKD').toLowerCase().match(PIECE) ?? []
  for (const piece of pieces) {
    if (words.length === MOST_WORDS) break
    if (/^[.,;:!?\n&+]$/.test(piece)) {
      clause++
      continue
    }
    const written = piece.replace(/[\p{M}’']/gu, '').replace(/(\p{L})\1{2,}/gu, '$1')
    // “tiba2” is “tiba-tiba”, which says no more than “tiba”.
    const single = /^\p{L}{3,}2$/u.test(written) ? written.slice(0, -1) : written
    const text = SHORT_FORMS.get(single) ?? single
    if (JOINERS.has(text)) clause++
    words.push({ text, written: single, clause })
  }
  return words
}
