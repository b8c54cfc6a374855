import assert from 'node:assert/strict'
import { test } from 'node:test'
import { safeLink } from './safe-link.ts'

test('only absolute http and https links can be followed', () => {
  assert.equal(safeLink('https://example.org/a?b=c#d'), 'https://example.org/a?b=c#d')
  assert.equal(safeLink(' HTTP://example.org '), 'http://example.org/')
  for (const bad of [
    undefined,
    '',
    '/admin',
    '//evil.example',
    '#top',
    'mailto:a@example.org',
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'java\nscript:alert(1)',
    ' javascript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'vbscript:x',
    'file:///etc/passwd',
    'https://',
    'https:evil.example',
    'https://bank.example@evil.example/',
  ]) {
    assert.equal(safeLink(bad), undefined, String(bad))
  }
})
