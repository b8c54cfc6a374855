import type { ReactNode } from 'react'

/** Column is one column of a DataTable; the one marked `title` heads the card that a row becomes on a phone. */
export type Column<T> = {
  label: string
  cell: (row: T) => ReactNode
  title?: boolean
  numeric?: boolean
  bare?: boolean
}

type DataTableProps<T> = { caption: string; columns: Column<T>[]; rows: readonly T[]; rowKey: (row: T) => string }

/** DataTable is a table on a wide screen and a list of cards on a phone. `bare` columns show no label on a card. */
export function DataTable<T>({ caption, columns, rows, rowKey }: DataTableProps<T>) {
  // The roles stand here in words because `display: block` on a phone would take them away.
  return (
    <table role="table" className="rows-to-cards w-full border-collapse text-start max-md:block">
      <caption className="sr-only">{caption}</caption>
      <thead role="rowgroup">
        <tr role="row" className="border-b border-line text-sm text-ink-soft">
          {columns.map((column) => (
            <th
              key={column.label}
              role="columnheader"
              scope="col"
              className={`px-3 py-2 font-semibold first:ps-6 last:pe-6 ${column.numeric ? 'text-end' : 'text-start'}`}
            >
              {column.label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup" className="divide-y divide-line">
        {rows.map((row) => (
          <tr key={rowKey(row)} role="row">
            {columns.map((column) => (
              <td
                key={column.label}
                role="cell"
                data-label={column.bare ? undefined : column.label}
                className={`md:px-3 md:py-2.5 md:first:ps-6 md:last:pe-6 ${column.title ? 'card-title font-semibold' : ''} ${column.numeric ? 'md:text-end' : ''} tabular-nums`}
              >
                {column.cell(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}
