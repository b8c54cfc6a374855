import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './server-process.ts'

// Debian keeps it where only root's PATH leads.
const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` }

/** hasNginx tells whether tests behind nginx run here: where it is installed, and on a continuous-integration machine always. */
export const hasNginx =
  process.env['CI'] === 'true' || spawnSync('nginx', ['-v'], { env, stdio: 'ignore' }).status === 0

/** Nginx is a real nginx in front of a server, with compression on, and everything else as it comes. */
export type Nginx = { url: string; close(): Promise<void> }

/** startNginx starts one on a free loopback port; close it yourself. */
export async function startNginx(upstream: string): Promise<Nginx> {
  const folder = await mkdtemp(join(tmpdir(), 'tangga-nginx-'))
  const port = await freePort()
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`)
  await writeFile(
    join(folder, 'nginx.conf'),
    `daemon off;
     worker_processes 1;
     pid nginx.pid;
     error_log stderr warn;
     events { worker_connections 64; }
     http {
       access_log off;
       ${temporary.join('\n')}
       gzip on;
       gzip_types *;
       gzip_min_length 1;
       gzip_proxied any;
       server {
         listen 127.0.0.1:${port};
         location / { proxy_pass ${upstream}; }
       }
     }`,
  )
  const child = spawn('nginx', ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr'], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (text: Buffer) => (said += text.toString()))
  const ended = once(child, 'exit')
  const url = `http://127.0.0.1:${port}`
  while (!(await fetch(url).catch(() => undefined)))
    if (child.exitCode !== null) throw new Error(`nginx did not start: ${said}`)
  return {
    url,
    async close() {
      child.kill('SIGTERM')
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}
