import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { advisorsMarkdown, conversationHead, plainAsMarkdown, turnAsMarkdown } from './conversation-markdown.ts'

const at = new Date('2026-11-22T08:04:00Z')
const writing = { timeZone: 'Asia/Jakarta', locale: 'id' as const }

describe('a conversation in Markdown', () => {
  test('begins with its title, business and time, letter by letter', () => {
    assert.equal(
      conversationHead({ ...writing, title: '# *Kopi* <b>', businessName: 'Warung [Sari](x)', at }),
      '# \\# \\*Kopi\\* \\<b\\>\n\n_Warung \\[Sari\\](x), disalin pada 22 Nov 2026, 15.04 (Asia/Jakarta)_\n',
    )
  })

  test("quotes the owner's words, line by line", () => {
    const content = '# Not a heading\n\n- not a list\n<script>alert(1)</script>\n1. one &amp; ![x](http://e.example)'
    assert.equal(
      turnAsMarkdown({ role: 'user', content, status: 'complete', toolCalls: null, createdAt: at }, writing),
      '## Anda, 22 Nov 2026, 15.04\n\n' +
        '> \\# Not a heading  \n>\n> \\- not a list  \n> \\<script\\>alert(1)\\</script\\>  \n' +
        '> 1\\. one \\&amp; !\\[x\\](http://e.example)  \n',
    )
  })

  test("keeps the advisor's Markdown, says what it looked up, and how it ended", () => {
    const toolCalls = [1, 2].map((n) => ({ call_id: `${n}`, tool: 'get_rank', args: {}, ok: true, output: null }))
    assert.equal(
      turnAsMarkdown(
        { role: 'assistant', content: '**Good**\n\n- a\n- b', status: 'stopped', toolCalls, createdAt: at },
        { timeZone: 'UTC', locale: 'en' },
      ),
      '## Advisor, Nov 22, 2026, 8:04 AM\n\n**Good**\n\n- a\n- b\n\n_Looked up with: get\\_rank_\n\n_The answer was stopped here._\n',
    )
  })

  test('takes HTML and images from it, however they are dressed up', () => {
    for (const attack of [
      '<img src=x onerror=alert(1)>',
      '\\<img src=x>',
      '`<img src=x>',
      '```\n<img src=x>\n```',
      '    <script>x</script>',
      '</div><iframe src=x>',
      '<!-- x -->',
      '<?php ?>',
      '![x](http://evil.example/?q=1)',
      '\\![x](http://evil.example)',
      '![x][1]\n\n[1]: http://evil.example',
    ]) {
      const safe = advisorsMarkdown(attack)
      assert.doesNotMatch(safe, /<[A-Za-z/!?]|!\[/, attack)
    }
    assert.equal(advisorsMarkdown('3 < 5 and [a link](https://x.example)!'), '3 < 5 and [a link](https://x.example)!')
  })

  test('moves the headings of an answer below its own, but for code', () => {
    assert.equal(
      advisorsMarkdown('# A\n##### B\n```sh\n# a comment\n```\n## You, yesterday\n#tag'),
      '### A\n###### B\n```sh\n# a comment\n```\n#### You, yesterday\n#tag',
    )
  })

  test('leaves plain words as they are', () => {
    for (const text of ['Warung Sari', 'Rp15.000 (naik 5 %), ya?', 'a - b = c', "it's 7:30"])
      assert.equal(plainAsMarkdown(text), text)
  })
})
