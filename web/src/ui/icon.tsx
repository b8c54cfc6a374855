const paths = {
  ladder: 'M8 22 10 2M16 22 14 2M8.6 16h6.8M9.2 11h5.6M9.6 6h4.8',
  chat: 'M4 5h16v11H9l-5 4z',
  shop: 'M4 10v10h16V10M3 10l2-6h14l2 6a3 3 0 0 1-6 0 3 3 0 0 1-6 0 3 3 0 0 1-6 0M10 20v-5h4v5',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8M4 21a8 8 0 0 1 16 0',
  shield: 'M12 3l8 3v6c0 5-3.5 8-8 9-4.5-1-8-4-8-9V6z',
  plus: 'M12 5v14M5 12h14',
  close: 'M6 6l12 12M18 6 6 18',
  check: 'M5 13l4.5 4.5L19 7',
  lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
  trash: 'M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13',
  pencil: 'M4 20l1-5L16 4l4 4L9 19z',
  send: 'M4 12 20 4l-5 16-3-7z',
  stop: 'M7 7h10v10H7z',
  tool: 'M14.5 6.5a4 4 0 0 1 5-2l-2.5 2.5 1.5 2.5 2.5-.5a4 4 0 0 1-5.5 3.5L8 20l-4-4 7.5-7a4 4 0 0 1 3-2.5',
  list: 'M4 6h16M4 12h16M4 18h10',
  star: 'M12 3l2.7 5.7 6.3.8-4.6 4.3 1.2 6.2L12 17l-5.6 3 1.2-6.2L3 9.5l6.3-.8z',
  trophy: 'M7 4h10v5a5 5 0 0 1-10 0zM7 6H4a3 3 0 0 0 3 4M17 6h3a3 3 0 0 1-3 4M12 14v4M8 21h8M9 18h6',
  warning: 'M12 4 2.5 20h19zM12 10v4M12 17v.2',
  eye: 'M2 12s4-7 10-7 10 7 10 7-4 7-10 7-10-7-10-7M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6',
  dots: 'M5 12h.01M12 12h.01M19 12h.01',
  pin: 'M8 3h8M10 3v6l-3.5 4h11L14 9V3M12 13v8',
  download: 'M12 4v11M7 10.5l5 5 5-5M5 20h14',
  restore: 'M4 9h10a5.5 5.5 0 0 1 0 11H9M4 9l4.5-4.5M4 9l4.5 4.5',
  thumbUp: 'M7 11v9H4v-9zM7 11l4-8a2.5 2.5 0 0 1 2.5 2.5V9H19a1.8 1.8 0 0 1 1.8 2.1l-1.3 7a2.3 2.3 0 0 1-2.3 1.9H7',
  thumbDown: 'M7 13V4H4v9zM7 13l4 8a2.5 2.5 0 0 0 2.5-2.5V15H19a1.8 1.8 0 0 0 1.8-2.1l-1.3-7A2.3 2.3 0 0 0 17.2 4H7',
  refresh: 'M19.5 12a7.5 7.5 0 1 1-2.2-5.3L20 9.4M20 4v5.4h-5.4',
  back: 'M14.5 6l-6 6 6 6',
  forward: 'M9.5 6l6 6-6 6',
  key: 'M8 16.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9M12.5 12H21v3.5M17 12v3',
}

/** IconName is one of the app's drawings. */
export type IconName = keyof typeof paths

/** Icon is a line drawing in the colour of its text; it says nothing to a screen reader. */
export function Icon({ name, className = 'size-5' }: { name: IconName; className?: string }) {
  return (
    <svg
      viewBox="0 0 24 24"
      aria-hidden="true"
      className={`shrink-0 ${className}`}
      fill="none"
      stroke="currentColor"
      strokeWidth={name === 'dots' ? 3 : 1.8}
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      <path d={paths[name]} />
    </svg>
  )
}

/** Logo is the app's ladder. */
export function Logo({ className = 'size-8' }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true" className={`shrink-0 ${className}`}>
      <rect width="32" height="32" rx="8" fill="#0f6b5c" />
      <g fill="none" stroke="#fff" strokeLinecap="round" strokeWidth="2.6">
        <path d="M11.5 27 13.5 5M20.5 27 18.5 5" />
        <path d="M12.2 21h7.6M12.7 15h6.6M13.2 9.5h5.6" stroke="#ffd98a" />
      </g>
    </svg>
  )
}
