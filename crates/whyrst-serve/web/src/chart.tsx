// Resets over time, stacked by cause. Dragging over a span filters by it.

import { useEffect, useRef, useState } from 'preact/hooks'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { colourOf, resolved } from './colours'
import { pick } from './language'
import type { Series } from './types'
import { clock, count, day, plural } from './words'

const HEIGHT = 96

interface Props {
  series: Series
  scheme: string
  select(from: string, to: string): void
}

export function Chart({ series, scheme, select }: Props) {
  const place = useRef<HTMLDivElement>(null)
  const [column, setColumn] = useState<number | null>(null)
  const onSelect = useRef(select)
  onSelect.current = select

  useEffect(() => {
    const element = place.current
    if (!element || series.columns === 0) return undefined
    const chart = new uPlot(options(element.clientWidth, series, setColumn, (...span) => onSelect.current(...span)),
      stacked(series), element)
    const watch = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: HEIGHT }))
    watch.observe(element)
    return () => {
      watch.disconnect()
      chart.destroy()
    }
  }, [series, scheme])

  const total = series.causes.reduce((sum, { counts }) => sum + counts.reduce((all, one) => all + one, 0), 0)
  return (
    <figure class="chart" aria-label={pick(`${plural(total, 'reset')} over time, by cause`, `${count(total)} 次重置随时间的分布，按原因`)}>
      <div class="plot" ref={place} aria-hidden="true" />
      <figcaption>{column === null ? <Legend series={series} /> : <Column series={series} at={column} />}</figcaption>
    </figure>
  )
}

function Legend({ series }: { series: Series }) {
  return (
    <ul class="legend">
      {series.causes.map(({ cause, counts }) => (
        <li key={cause}>
          <i class={`dot c${colourOf(cause)}`} />
          {cause ?? pick('others', '其他')} <b>{count(counts.reduce((sum, one) => sum + one, 0))}</b>
        </li>
      ))}
    </ul>
  )
}

function Column({ series, at }: { series: Series; at: number }) {
  const from = new Date(series.start + at * series.step).toISOString()
  const here = series.causes.filter(({ counts }) => (counts[at] ?? 0) > 0)
  return (
    <ul class="legend">
      <li><b>{day(from)} {clock(from).replace('Z', '')}</b> + {span(series.step)}</li>
      {here.map(({ cause, counts }) => (
        <li key={cause}><i class={`dot c${colourOf(cause)}`} />{cause ?? pick('others', '其他')} <b>{count(counts[at] ?? 0)}</b></li>
      ))}
    </ul>
  )
}

function span(milliseconds: number): string {
  if (milliseconds < 1_000) return `${milliseconds} ms`
  if (milliseconds < 60_000) return `${milliseconds / 1_000} s`
  if (milliseconds < 3_600_000) return `${milliseconds / 60_000} min`
  if (milliseconds < 86_400_000) return `${milliseconds / 3_600_000} h`
  return `${milliseconds / 86_400_000} d`
}

/** The highest stack first, so that each lower one covers it. */
function stacked({ start, step, columns, causes }: Series): uPlot.AlignedData {
  const times = Array.from({ length: columns }, (_, at) => (start + at * step) / 1_000)
  const sums = new Array<number>(columns).fill(0)
  const layers = causes.map(({ counts }) => counts.map((one, at) => (sums[at] = (sums[at] ?? 0) + one)))
  return [times, ...layers.reverse()]
}

/** Days where they change, times of day otherwise, as finely as the ticks are apart. */
function ticks(_: uPlot, splits: number[], __: number, ___: number, apart: number): string[] {
  let before = ''
  return splits.map((seconds) => {
    const moment = new Date(seconds * 1_000).toISOString()
    const date = day(moment).slice(5)
    const end = apart >= 60 ? 16 : apart >= 1 ? 19 : 23
    const shown = apart >= 86_400 ? date : `${before !== '' && before !== date ? `${date} ` : ''}${moment.slice(11, end)}`
    before = date
    return shown
  })
}

function options(
  width: number, series: Series, point: (column: number | null) => void, select: (from: string, to: string) => void,
): uPlot.Options {
  const [dim, line] = [resolved('--dim'), resolved('--line')]
  const bars = uPlot.paths.bars!({ size: [0.86, 60], align: 1, gap: 0 })
  const font = '11px ui-sans-serif, system-ui, sans-serif'
  const end = (series.start + series.columns * series.step) / 1_000
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    padding: [6, 34, 0, 0],
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), 'UTC'),
    cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
    scales: { x: { time: true, range: [series.start / 1_000, end] }, y: { range: (_, __, most) => [0, most * 1.08 || 1] } },
    axes: [
      { stroke: dim, font, size: 24, space: 90, values: ticks, grid: { show: false }, ticks: { stroke: line, size: 4 } },
      { stroke: dim, font, size: 44, splits: (_, __, ___, most) => [...new Set([0, most / 2, most].map(Math.floor))],
        values: (_, values) => values.map(count), grid: { stroke: line, width: 1 }, ticks: { show: false } },
    ],
    series: [
      {},
      ...[...series.causes].reverse().map(({ cause }) => {
        const colour = resolved(`--c${colourOf(cause)}`)
        return { label: cause ?? pick('others', '其他'), fill: colour, stroke: colour, width: 0, paths: bars, points: { show: false } }
      }),
    ],
    hooks: {
      setCursor: [({ cursor }) => point(cursor.idx ?? null)],
      setSelect: [(chart) => {
        const { left, width: wide } = chart.select
        if (wide < 3) return
        const [first, last] = [left, left + wide].map((at) => chart.posToVal(at, 'x') * 1_000)
        select(new Date(first ?? 0).toISOString(), new Date(last ?? 0).toISOString())
        chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
      }],
    },
  }
}
