import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FeedEvent } from './follow-feed.ts'
import { newsOf } from './live-news.ts'

const points = (business_id: string, event_id: string, worth: number, type = 'sale'): FeedEvent => ({
  id: undefined,
  type: 'points',
  data: { event_id, business_id, type, points: worth, total_points: 0 },
})
const level = (business_id: string, name: string): FeedEvent => ({
  id: undefined,
  type: 'level_up',
  data: { business_id, level: { id: name, name } },
})
const achievement = (business_id: string, title: string): FeedEvent => ({
  id: undefined,
  type: 'achievement',
  data: { business_id, achievement: { id: title, title, badge_icon: null } },
})

test('what a business earned in a short while is one message', () => {
  const events = [
    points('a', '1', 5),
    level('a', 'Sprout'),
    points('b', '2', 7, 'lesson'),
    points('a', '3', -2),
    achievement('a', 'First step'),
  ]
  assert.deepEqual(newsOf(events, new Set()), [
    { businessId: 'a', points: 3, types: ['sale'], levels: ['Sprout'], achievements: ['First step'] },
    { businessId: 'b', points: 7, types: ['lesson'], levels: [], achievements: [] },
  ])
})

test('what this tab recorded itself is left out, with what came of it', () => {
  const events = [
    points('a', 'mine', 5),
    level('a', 'Sprout'),
    points('a', 'theirs', 1),
    achievement('a', 'First step'),
  ]
  assert.deepEqual(newsOf(events, new Set(['mine'])), [
    { businessId: 'a', points: 1, types: ['sale'], levels: [], achievements: ['First step'] },
  ])
  assert.deepEqual(newsOf(events.slice(0, 2), new Set(['mine'])), [])
})

test('what an edit unlocked comes without points', () => {
  assert.deepEqual(newsOf([achievement('a', 'Early')], new Set()), [
    { businessId: 'a', points: 0, types: [], levels: [], achievements: ['Early'] },
  ])
})
