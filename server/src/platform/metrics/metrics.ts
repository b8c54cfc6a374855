import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

/** Labels are the values of a metric's labels. Each comes from a short list; an id or a name of a person is never one. */
export type Labels = Record<string, string>

/** Metrics is where modules register what they know of themselves. */
export type Metrics = ReturnType<typeof createMetrics>

type Named = { name: string; help: string }

/** createMetrics makes an empty register, in the form that Prometheus reads. */
export function createMetrics() {
  const registry = new Registry()
  const registers = [registry]
  return {
    /** gauge registers a number that is read when somebody asks. */
    gauge({ read, ...named }: Named & { read: () => number }): void {
      const gauge: Gauge = new Gauge({ ...named, registers, collect: () => gauge.set(read()) })
    },

    /** gauges registers numbers that are read when somebody asks, each under a value of one label. */
    gauges({ label, read, ...named }: Named & { label: string; read: () => Record<string, number> }): void {
      const gauge = new Gauge({
        ...named,
        labelNames: [label],
        registers,
        collect() {
          for (const [value, number] of Object.entries(read())) gauge.set({ [label]: value }, number)
        },
      })
    },

    /** counter registers what only ever grows, and answers how to add to it. */
    counter({ labels, ...named }: Named & { labels: string[] }): (values: Labels, count?: number) => void {
      const counter = new Counter({ ...named, labelNames: labels, registers })
      return (values, count = 1) => counter.inc(values, count)
    },

    /** durations registers how long something takes, in seconds, and answers how to add to it. */
    durations({ labels, ...named }: Named & { labels: string[] }): (values: Labels, seconds: number) => void {
      const buckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
      const histogram = new Histogram({ ...named, labelNames: labels, registers, buckets })
      return (values, seconds) => histogram.observe(values, seconds)
    },

    /** start begins to watch the process itself: memory, CPU, event loop, garbage collection. */
    start: () => collectDefaultMetrics({ register: registry }),

    /** close forgets everything. */
    close: () => registry.clear(),

    contentType: registry.contentType,

    /** text is everything as it stands. */
    text: () => registry.metrics(),
  }
}
