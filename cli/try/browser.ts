import { spawn } from 'node:child_process'

/** The program that opens a URL, and its arguments: without a shell, to which `&` in a URL would mean something. */
export function openerOf(platform: NodeJS.Platform, url: string): [string, string[]] {
  if (platform === 'darwin') return ['open', [url]]
  if (platform === 'win32') return ['rundll32', ['url.dll,FileProtocolHandler', url]]
  return ['xdg-open', [url]]
}

/** Opens `url` where there is a way to. Where not, that is no matter: it has been printed. */
export function openBrowser(url: string): void {
  const [program, args] = openerOf(process.platform, url)
  spawn(program, args, { stdio: 'ignore', detached: true })
    .on('error', () => {})
    .unref()
}
