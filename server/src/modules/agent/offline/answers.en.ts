import { type Answers, dayWritten, listed, plain, readable, shown } from './answers.ts'
import type { RecentPoints } from './answers.ts'

const number = (value: number) => value.toLocaleString('en')
const points = (value: number) => (value === 1 ? `${number(value)} point` : `${number(value)} points`)
const percent = (progress: number) => `${Math.floor(progress * 100)}%`
const named = (name: string | undefined) => (name === undefined ? '' : ` ${plain(name)}`)

const ABILITIES = listed([
  'your points, your level, your achievements and your rank, and how far the next of each is',
  'what points were for, today’s and this week’s, and what a number of points more would bring (“what if I earn …”)',
  'what earns points, and recording your sales and expenses once you approve (“record my sales of today”)',
  'what to do next at your stage, and tips on cash flow, prices, marketing, stock, bookkeeping, customers, hiring, loans, permits and selling online',
  'remembering things: “remember that …”, and “what do you remember?”',
])

const REASONS: ReadonlyMap<string, string> = new Map([
  ['daily_cap', 'up to the limit of the day'],
  ['cooldown', 'too soon after the one before'],
])

function entryLine(entry: RecentPoints['entries'][number]): string {
  const sign = entry.points < 0 ? '−' : '+'
  const what = entry.type === 'adjustment' ? 'given or taken by the programme' : readable(entry.type)
  const why = entry.reason === null ? '' : `: ${REASONS.get(entry.reason) ?? plain(entry.reason)}`
  return `${sign}${points(Math.abs(entry.points))} on ${dayWritten(entry.day, 'en-GB')}, ${what}${why}`
}

/** answersEn are the offline advisor's sentences in English. */
export const answersEn: Answers = {
  greeting: (data) =>
    `Hello${named(data?.user_name)}! I am Tangga’s offline advisor: no AI model is connected, but I can look things up for you. Ask me about your points, your rank or what to do next.`,
  identity: () =>
    'I am the offline advisor of Tangga: a program, not a person and not an AI model. I look up your points and ranks, and I know some tips for small businesses. Ask “what can you do?” for the list.',
  help: () =>
    `I am Tangga’s offline advisor: no AI model is connected. These are the things I can help with:\n\n${ABILITIES}`,
  thanks: (data) => `You are welcome${data ? `, ${plain(data.user_name)}` : ''}! Keep climbing, one step at a time.`,
  goodbye: (data) => `Goodbye${named(data?.user_name)}, and good luck with the business!`,
  encouragement: (data) =>
    `That sounds heavy${data ? `, ${plain(data.user_name)}` : ''}. Running a business is hard, and it is no failure to be tired. Rest first; then choose the one thing that weighs most, and make it smaller. Talk to somebody you trust, or to the people of your programme: I am only the offline advisor, and a person can listen better. When you like, ask me what to do next, and we take one small step.`,
  outOfScope: () =>
    `I am the offline advisor and did not understand that, or it is outside of what I know. I can help with:\n\n${ABILITIES}`,
  changeLanguage: (wish) =>
    wish === 'other'
      ? 'I am sorry, I speak only English and Indonesian.'
      : 'Yes: I speak English from here on in this conversation. To change back, write “pakai bahasa Indonesia”.',
  dateToday: (today) =>
    today === undefined
      ? 'I do not know the date of today, and I have no clock.'
      : `Today is ${plain(today)}. I have no clock, so I cannot tell the time.`,

  progress(summary) {
    const { level, total_points, achievements_unlocked, achievements_total } = summary
    const standing = level ? ` and stands on the level ${plain(level.name)}` : ''
    return [
      `${plain(summary.business_name)} has ${points(total_points)}${standing}.`,
      achievements_total > 0
        ? `Achievements unlocked: ${number(achievements_unlocked)} of ${number(achievements_total)}.`
        : '',
      this.nextLevel(summary),
    ]
      .filter(Boolean)
      .join(' ')
  },
  points(summary) {
    const { level, next_level } = summary
    const standing = level ? ` and stands on the level ${plain(level.name)}` : ''
    const next = next_level ? ` ${this.nextLevel(summary)}` : ''
    return `${plain(summary.business_name)} has ${points(summary.total_points)}${standing}.${next}`
  },
  level(summary) {
    const { level, total_points } = summary
    const now = level
      ? `You are on the level ${plain(level.name)}, which begins at ${points(level.required_points)}; you have ${points(total_points)}.`
      : `You are not on a level yet; you have ${points(total_points)}.`
    return summary.next_level || !level ? `${now} ${this.nextLevel(summary)}` : `${now} It is the highest there is.`
  },
  nextLevel({ level, next_level, total_points }) {
    if (next_level) {
      return `The next level is ${plain(next_level.name)} at ${points(next_level.required_points)}: ${points(next_level.points_missing)} to go.`
    }
    return level
      ? `You are on the highest level, ${plain(level.name)}. Well done!`
      : `There are no levels yet; you have ${points(total_points)}.`
  },
  myBusiness({ business_name, stage, category, primary_goal }) {
    const lines = [`Name: ${plain(business_name)}`, `Stage: ${plain(stage)}`, `Category: ${plain(category)}`]
    lines.push(primary_goal === null ? 'Goal: none set yet' : `Goal: ${plain(primary_goal)}`)
    return `This is your business as I know it:\n\n${listed(lines)}\n\nYou can change it on the page “Business”.`
  },
  achievements(list) {
    if (list.total === 0) return 'There are no achievements yet.'
    return `You have unlocked ${number(list.unlocked_count)} of ${number(list.total)} achievements. ${this.nextAchievement(list)}`
  },
  unlockedAchievements(list) {
    if (list.unlocked_count === 0) return `You have not unlocked an achievement yet. ${this.nextAchievement(list)}`
    const titles = list.unlocked
      .slice(0, shown)
      .map((achievement) => `${plain(achievement.title)} (${points(achievement.required_points)})`)
    const more = list.unlocked_count - titles.length
    return `You have unlocked ${number(list.unlocked_count)} of ${number(list.total)} achievements:\n\n${listed(titles)}${more > 0 ? '\n\nand more.' : ''}`
  },
  nextAchievement(list) {
    const lines = list.locked
      .slice(0, shown)
      .map(
        (achievement) =>
          `${plain(achievement.title)}: ${points(achievement.points_missing)} to go (${percent(achievement.progress)})`,
      )
    if (lines.length === 0)
      return list.total === 0 ? 'There are no achievements yet.' : 'You have unlocked all of them!'
    return `Nearest next:\n\n${listed(lines)}`
  },
  rank(position) {
    const { rank, ranked_businesses, total_points, lead_over_next_rank } = position
    if (rank === null) return hidden(total_points)
    const lines = [`You are number ${number(rank)} of ${number(ranked_businesses)}, with ${points(total_points)}.`]
    lines.push(nextPlace(position))
    if (lead_over_next_rank !== null) lines.push(`Your lead over the next one below is ${points(lead_over_next_rank)}.`)
    return lines.filter(Boolean).join(' ')
  },
  rankGap(position) {
    if (position.rank === null) return hidden(position.total_points)
    return `You are number ${number(position.rank)} of ${number(position.ranked_businesses)}. ${nextPlace(position)} I can see only the next place, not those further up; “what if I earn …” tells what more points would bring.`
  },
  lead(position) {
    const { rank, lead_over_next_rank, total_points } = position
    if (rank === null) return hidden(total_points)
    return lead_over_next_rank === null
      ? `You are number ${number(rank)} with ${points(total_points)}, and nobody has fewer.`
      : `You are number ${number(rank)}, and your lead over the next one below is ${points(lead_over_next_rank)}.`
  },
  otherBusinesses: () =>
    'I know only your own business and cannot look up others. The leaderboard on the page “Progress” shows what the others have chosen to show. Ask me for your own rank, if you like.',
  earn({ rules }) {
    if (rules.length === 0) return 'Nothing earns points at the moment. Your programme can change that.'
    const lines = rules.slice(0, shown * 2).map((rule) => {
      const cap = rule.daily_cap === null ? '' : `, at most ${number(rule.daily_cap)} a day`
      return `${readable(rule.type)}: ${points(rule.points)}${cap}`
    })
    return `This earns points:\n\n${listed(lines)}`
  },
  recentPoints({ entries }, wanted) {
    if (entries.length === 0) return 'You have no points yet, so there is nothing to explain. Ask me what earns points.'
    const meant = entries.filter((entry) => wanted !== undefined && Math.abs(entry.points) === wanted)
    const lines = (meant.length > 0 ? meant : entries).slice(0, shown).map(entryLine)
    return `${meant.length > 0 ? 'They were for' : 'Your newest points'}:\n\n${listed(lines)}`
  },
  pointsToday({ entries, today, points_today }) {
    if (points_today === null)
      return 'There are more entries of today than I can add up. The page “Progress” lists them all.'
    const lines = entries.filter(({ day }) => day === today).map(entryLine)
    if (lines.length === 0) return 'You have earned no points today yet. Ask me what earns points.'
    return `Today you have earned ${points(points_today)}:\n\n${listed(lines)}`
  },
  pointsWeek({ points_this_week: now, points_last_week: before }) {
    if (now === null || before === null)
      return 'There are more entries than I can add up, so I cannot compare the weeks.'
    const verdict =
      now > before
        ? 'You are already ahead of last week!'
        : now === before
          ? 'That is the same.'
          : 'The week is not over yet.'
    return `This week, since Monday, you have earned ${points(now)}; in the whole of last week it was ${points(before)}. ${verdict}`
  },
  whatIf(imagined) {
    const { level, next_level, rank, rank_now, new_achievements, new_achievements_count } = imagined
    const lines = [`With ${points(imagined.points_added)} more you would have ${points(imagined.total_points)}.`]
    if (level) {
      lines.push(
        imagined.is_new_level
          ? `That lifts you to the level ${plain(level.name)}!`
          : `Your level would still be ${plain(level.name)}.`,
      )
    }
    if (next_level) lines.push(`To ${plain(next_level.name)} it would be ${points(next_level.points_missing)}.`)
    if (rank !== null) {
      const before = rank_now === null || rank_now === rank ? '' : ` instead of ${number(rank_now)}`
      lines.push(
        `You would be number ${number(rank)}${before} of ${number(imagined.ranked_businesses)}, if all others stayed where they are.`,
      )
    }
    if (new_achievements_count > 0) {
      const titles = new_achievements.map(({ title }) => plain(title)).join(', ')
      const more = new_achievements_count > new_achievements.length ? ' and more' : ''
      lines.push(`New achievements: ${titles}${more}.`)
    }
    return lines.join(' ')
  },
  whatIfHowMany: () =>
    'How many points more shall I imagine? Write the number, as in “what if I earn a hundred points more?”',
  alreadyThere: ({ total_points, level }) =>
    `You have ${points(total_points)} already${level ? `, and stand on the level ${plain(level.name)}` : ''}.`,
  game: () =>
    'Activities for your business earn points, by the rules of your programme. Points lift you from level to level, unlock achievements, and decide your rank on the leaderboard. Achievements stay yours; the level follows your points. Whether there are rewards beyond that, only your programme can say.',

  advice({ lines }, { stage, next_level }) {
    const ladder = next_level
      ? `\n\nAnd ${points(next_level.points_missing)} more lift you to ${plain(next_level.name)}.`
      : ''
    return `At your stage (${plain(stage)}), these steps are worth a try:\n\n${listed(lines)}${ladder}`
  },
  topic: ({ opening, lines, caution }) =>
    `${opening}\n\n${listed(lines)}\n\n${caution ?? 'These are general tips: I am the offline advisor and do not know your figures.'}`,

  remembered: ({ fact, already_known }) =>
    already_known ? `I knew that already: “${plain(fact)}”` : `I will remember: “${plain(fact)}”`,
  nothingToRemember: () => 'What shall I remember? Write, for example: “remember that we are closed on Mondays”.',
  facts({ facts, total }) {
    if (total === 0) return 'I have no notes yet. Write “remember that …”, and I will keep it.'
    const lines = facts.slice(0, shown * 2).map(({ fact, remembered_on }) => `${plain(fact)} (${remembered_on})`)
    return `This is what I remember:\n\n${listed(lines)}${total > lines.length ? '\n\nand more.' : ''}`
  },
  forget: () =>
    'I cannot delete notes from this chat. You can change and delete them yourself: open “What the advisor remembers” beside your conversations, or ask “what do you remember?” to see what there is.',
  remind: () =>
    'I cannot remind you at a time: I have no clock and send no messages. I can keep a note, if you write “remember that …”.',

  addPoints: () =>
    'I cannot give points just like that: they come from what you do. Record it on the page “Progress”; the points come at once. Ask me what earns points, if you like.',
  recorded({ type, points_awarded, total_points, levels_gained, achievements_unlocked, reason }) {
    const told =
      points_awarded > 0
        ? `Recorded: ${readable(type)}. That is ${points(points_awarded)}, and you have ${points(total_points)} now.`
        : `Recorded: ${readable(type)}. It gave no points this time${reason === null ? '' : ` (${REASONS.get(reason) ?? plain(reason)})`}; you have ${points(total_points)}.`
    const level = levels_gained.at(-1)
    return [
      told,
      level === undefined ? '' : `You have reached the level ${plain(level)}!`,
      achievements_unlocked.length === 0 ? '' : `You unlocked: ${achievements_unlocked.map(plain).join(', ')}.`,
    ]
      .filter(Boolean)
      .join(' ')
  },
  notRecorded: (reason) =>
    reason === 'denied'
      ? 'All right, I have recorded nothing. Tell me if you want it after all.'
      : 'You did not answer in time, so I have recorded nothing. Ask me again when you like.',
  cannotRecord: () =>
    'I cannot record activities, sales or expenses for you here. Record what you did on the page “Progress”; the points come at once. Ask me what earns points, if you like.',
  changeProfile: () =>
    'I cannot change your profile. You can do it yourself on the page “Business”: name, stage, category, goal, and whether the leaderboard shows you by name, under an alias or not at all.',
  account: () =>
    'I cannot change your account. On the page “Account” you can change your password, your name and your language, and delete the account with everything in it. If you cannot log in, ask the people of your programme for a link to set a new password.',
  privacy: () =>
    `What you write here is not shared with other owners, banks or anybody else: I am the offline advisor, and nothing of it leaves this installation. Who can see what:\n\n${listed(
      [
        'Only you see this conversation and my notes in the app.',
        'On the leaderboard, others see your business’s name, your name, points, level and number of achievements, unless you choose an alias or to be hidden on the page “Business”.',
        'The admins of your programme, and programs that they connect, see your business and its points.',
      ],
    )}`,
  humanHelp: () =>
    'I cannot connect you with a person. The people of your programme can help: ask whoever invited you, or the contact that your programme has given you.',
  toolFailed: (error) => ['I could not do that just now.', error].filter(Boolean).join(' '),
}

const hidden = (total: number) =>
  `Your business is hidden from the leaderboard, so it has no rank. It has ${points(total)}.`

function nextPlace({ rank, points_to_next_rank }: { rank: number | null; points_to_next_rank: number | null }): string {
  if (points_to_next_rank !== null) return `You reach the next better place with ${points(points_to_next_rank)} more.`
  return rank === 1 ? 'Nobody is ahead of you!' : ''
}
