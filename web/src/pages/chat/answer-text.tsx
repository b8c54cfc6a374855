import { memo } from 'react'
import Markdown, { type Components } from 'react-markdown'
import remarkGfm from 'remark-gfm'
import { safeLink } from './safe-link.ts'

const plugins = [remarkGfm]
const components: Components = {
  a: ({ href, children }) =>
    href ? (
      <a href={href} target="_blank" rel="noopener noreferrer">
        {children}
      </a>
    ) : (
      <span>{children}</span>
    ),
  table: ({ children }) => (
    <div className="table-scroll">
      <table>{children}</table>
    </div>
  ),
}

/** AnswerText shows a model's Markdown: without HTML, without images, with links to http(s) only. */
export const AnswerText = memo(function AnswerText({ text }: { text: string }) {
  return (
    <div className="prose-chat">
      <Markdown
        remarkPlugins={plugins}
        components={components}
        skipHtml
        disallowedElements={['img']}
        urlTransform={(url, key) => (key === 'href' ? safeLink(url) : undefined)}
      >
        {text}
      </Markdown>
    </div>
  )
})
