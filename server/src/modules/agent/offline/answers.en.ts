import { type Answers, listed, shown, type StageKind } from './answers.ts'

const number = (value: number) => value.toLocaleString('en')
const points = (value: number) => (value === 1 ? '1 point' : `${number(value)} points`)
const percent = (progress: number) => `${Math.floor(progress * 100)}%`

const ABILITIES = listed([
  'your points, your level and the way to the next one',
  'your achievements and how close the next is',
  'your place on the leaderboard',
  'what earns points',
  'what to do next at your stage',
  'remembering things: “remember that …”, and “what do you remember?”',
])

const ADVICE: Record<StageKind, string[]> = {
  idea: [
    'Talk to five people who have the problem that you want to solve, and listen more than you explain.',
    'Write down in one sentence who pays you, and what for.',
    'Sell the smallest version that you can make this week.',
  ],
  starting: [
    'Write down every sale and every expense from the first day.',
    'Ask each of your first customers what nearly kept them from buying.',
    'Keep the money of the business apart from your own.',
  ],
  running: [
    'Look at last week: which product earned most, and which cost you most time?',
    'Ask your best customers to bring one friend.',
    'Set aside a fixed share of every sale for taxes and quiet weeks.',
  ],
  growing: [
    'Find out what would break first if orders doubled, and mend that now.',
    'Write down the task that you repeat most, and hand it on.',
    'Check the margin of every product before you sell more of it.',
  ],
  mature: [
    'Ask customers who left why they did.',
    'Try one new offer with a small group before you change everything.',
    'Write down what only you know, so that the business can run a week without you.',
  ],
}

/** answersEn are the offline advisor's sentences in English. */
export const answersEn: Answers = {
  greeting: (data) =>
    `Hello${data ? ` ${data.user_name}` : ''}! I am Tangga’s offline advisor: no AI model is connected, but I can look things up for you. Ask me about your points, your rank or what to do next.`,
  thanks: (data) => `You are welcome${data ? `, ${data.user_name}` : ''}! Keep climbing, one step at a time.`,
  help: () =>
    `I am Tangga’s offline advisor: no AI model is connected. These are the things I can help with:\n\n${ABILITIES}`,
  outOfScope: () =>
    `I am the offline advisor and did not understand that, or it is outside of what I know. I can help with:\n\n${ABILITIES}`,
  progress(summary) {
    const { level, total_points, achievements_unlocked, achievements_total } = summary
    const standing = level ? ` and stands on the level ${level.name}` : ''
    return [
      `${summary.business_name} has ${points(total_points)}${standing}.`,
      achievements_total > 0
        ? `Achievements unlocked: ${number(achievements_unlocked)} of ${number(achievements_total)}.`
        : '',
      this.nextLevel(summary),
    ]
      .filter(Boolean)
      .join(' ')
  },
  nextLevel({ level, next_level, total_points }) {
    if (next_level) {
      return `The next level is ${next_level.name} at ${points(next_level.required_points)}: ${points(next_level.points_missing)} to go.`
    }
    return level
      ? `You are on the highest level, ${level.name}. Well done!`
      : `There are no levels yet; you have ${points(total_points)}.`
  },
  achievements(list) {
    if (list.total === 0) return 'There are no achievements yet.'
    return `You have unlocked ${number(list.unlocked_count)} of ${number(list.total)} achievements. ${this.nextAchievement(list)}`
  },
  unlockedAchievements(list) {
    if (list.unlocked_count === 0) return `You have not unlocked an achievement yet. ${this.nextAchievement(list)}`
    const titles = list.unlocked
      .slice(0, shown)
      .map((achievement) => `${achievement.title} (${points(achievement.required_points)})`)
    const more = list.unlocked_count - titles.length
    return `You have unlocked ${number(list.unlocked_count)} of ${number(list.total)} achievements:\n\n${listed(titles)}${more > 0 ? `\n\nand ${number(more)} more.` : ''}`
  },
  nextAchievement(list) {
    const lines = list.locked
      .slice(0, shown)
      .map(
        (achievement) =>
          `${achievement.title}: ${points(achievement.points_missing)} to go (${percent(achievement.progress)})`,
      )
    if (lines.length === 0)
      return list.total === 0 ? 'There are no achievements yet.' : 'You have unlocked all of them!'
    return `Nearest next:\n\n${listed(lines)}`
  },
  rank(position) {
    const { rank, ranked_businesses, total_points, points_to_next_rank, lead_over_next_rank } = position
    if (rank === null) {
      return `Your business is hidden from the leaderboard, so it has no rank. It has ${points(total_points)}.`
    }
    const lines = [`You are number ${number(rank)} of ${number(ranked_businesses)}, with ${points(total_points)}.`]
    if (rank === 1) lines.push('Nobody is ahead of you!')
    else if (points_to_next_rank !== null)
      lines.push(`You reach the next better place with ${points(points_to_next_rank)} more.`)
    if (lead_over_next_rank !== null) lines.push(`Your lead over the next one below is ${points(lead_over_next_rank)}.`)
    return lines.join(' ')
  },
  earn({ rules }) {
    if (rules.length === 0) return 'Nothing earns points at the moment. Your programme can change that.'
    const lines = rules.slice(0, shown * 2).map((rule) => {
      const cap = rule.daily_cap === null ? '' : `, at most ${number(rule.daily_cap)} a day`
      return `${readable(rule.type)}: ${points(rule.points)}${cap}`
    })
    return `This earns points:\n\n${listed(lines)}`
  },
  advice(stage, summary) {
    const { next_level } = summary
    const ladder = next_level ? `\n\nAnd ${points(next_level.points_missing)} more lift you to ${next_level.name}.` : ''
    return `At your stage (${summary.stage}), these steps are worth a try:\n\n${listed(ADVICE[stage])}${ladder}`
  },
  remembered: ({ fact, already_known }) =>
    already_known ? `I knew that already: “${fact}”` : `I will remember: “${fact}”`,
  nothingToRemember: () => 'What shall I remember? Write, for example: “remember that we are closed on Mondays”.',
  facts({ facts, total }) {
    if (total === 0) return 'I have no notes yet. Write “remember that …”, and I will keep it.'
    const lines = facts.slice(0, shown * 2).map(({ fact, remembered_on }) => `${fact} (${remembered_on})`)
    const more = total - lines.length
    return `This is what I remember:\n\n${listed(lines)}${more > 0 ? `\n\nand ${number(more)} more.` : ''}`
  },
  toolFailed: (error) => `I could not do that just now. ${error}`,
}

const readable = (type: string) => type.replaceAll(/[_.-]+/g, ' ')
