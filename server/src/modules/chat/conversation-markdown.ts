import type { ChatMessage } from './repository.ts'

/** Writing is in which language, and by which clock, a conversation is written down. */
export type Writing = { timeZone: string; locale: 'en' | 'id' }

const words = {
  en: {
    user: 'You',
    assistant: 'Advisor',
    exported: (business: string, at: string) => `${business}, written down on ${at}`,
    tools: 'Looked up with',
    stopped: 'The answer was stopped here.',
    interrupted: 'The answer was interrupted here.',
    streaming: 'The answer was still being written.',
  },
  id: {
    user: 'Anda',
    assistant: 'Penasihat',
    exported: (business: string, at: string) => `${business}, disalin pada ${at}`,
    tools: 'Dicari dengan',
    stopped: 'Jawaban dihentikan di sini.',
    interrupted: 'Jawaban terputus di sini.',
    streaming: 'Jawaban masih ditulis.',
  },
} as const

/** conversationHead begins a conversation that is written down as Markdown. */
export function conversationHead(about: Writing & { title: string; businessName: string; at: Date }): string {
  const { exported } = words[about.locale]
  const at = `${moment(about.at, about)} (${about.timeZone})`
  return `# ${plainAsMarkdown(about.title)}\n\n_${exported(plainAsMarkdown(about.businessName), plainAsMarkdown(at))}_\n`
}

/** turnAsMarkdown is one message: the owner's words as a quotation, letter by letter, and the advisor's as the Markdown it is. */
export function turnAsMarkdown(
  {
    role,
    content,
    status,
    toolCalls,
    createdAt,
  }: Pick<ChatMessage, 'role' | 'content' | 'status' | 'toolCalls' | 'createdAt'>,
  writing: Writing,
): string {
  const says = words[writing.locale]
  const head = `## ${says[role]}, ${moment(createdAt, writing)}\n`
  if (role === 'user') return `${head}\n${quoted(content)}\n`
  const tools = [...new Set((toolCalls ?? []).map(({ tool }) => plainAsMarkdown(tool)))]
  const parts = [
    advisorsMarkdown(content).trim(),
    tools.length > 0 ? `_${says.tools}: ${tools.join(', ')}_` : '',
    status === 'complete' ? '' : `_${says[status]}_`,
  ]
  return `${head}\n${parts.filter(Boolean).join('\n\n')}\n`
}

function moment(at: Date, { locale, timeZone }: Writing): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short', timeZone })
    .format(at)
    .replaceAll(/\s/g, ' ')
}

/** plainAsMarkdown writes a text so that Markdown shows it letter by letter, on each of its lines. */
export function plainAsMarkdown(text: string): string {
  return text
    .replaceAll(/[\\`*_[\]<>|~]/g, '\\$&')
    .replaceAll(/&(?=#?\w+;)/g, '\\&')
    .replaceAll(/^[\t ]+/gm, '')
    .replaceAll(/^(?:[#+=-]|\d+(?=[.)]))/gm, (mark) => (/\d/.test(mark) ? `${mark}\\` : `\\${mark}`))
}

// Two spaces at the end of a line keep its break.
const quoted = (text: string) =>
  plainAsMarkdown(text.trim())
    .split(/\r\n|[\r\n]/)
    .map((line) => (line.trim() === '' ? '>' : `> ${line.trimEnd()}  `))
    .join('\n')

/**
 * advisorsMarkdown takes from a model's Markdown what could act on whoever opens it: HTML, and images, which are fetched
 * by looking at them. Character references stand for the letters that would begin either, since those mean themselves
 * wherever they stand. Headings move below those of the conversation.
 */
export function advisorsMarkdown(text: string): string {
  let fence: string | undefined
  return text
    .replaceAll(/<(?=[A-Za-z/!?])/g, '&lt;')
    .replaceAll('![', '!&#91;')
    .split('\n')
    .map((line) => {
      const [, mark] = /^ {0,3}(`{3,}|~{3,})/.exec(line) ?? []
      if (mark !== undefined && (fence === undefined || mark.startsWith(fence))) {
        fence = fence === undefined ? mark : undefined
        return line
      }
      return fence === undefined ? line.replace(/^( {0,3})(#{1,6})(?=\s|$)/, deeper) : line
    })
    .join('\n')
}

const deeper = (_line: string, indent: string, marks: string) => `${indent}${'#'.repeat(Math.min(6, marks.length + 2))}`
