/** Clients of other languages: Debian's programs, and Python packages in a folder of their own. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

const REQUIREMENTS = path.join(import.meta.dirname, 'requirements.txt')

/**
 * Installs Debian's `packageName`, as root and with apt.
 * @throws Error where that can't be.
 */
function installPackage(packageName: string): void {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    throw new Error(`${packageName} is missing. On Debian: apt-get install ${packageName}`)
  }
  // Another test file may be installing at the same time.
  const lock = path.join(os.tmpdir(), 'warren-apt.lock')
  const apt = (...args: string[]) => run('flock', [lock, 'apt-get', '-o', 'DPkg::Lock::Timeout=300', ...args])
  apt('update')
  apt('install', '-y', '--no-install-recommends', packageName)
}

/** Installs what is missing for `/usr/bin/amqp-publish` and its sisters. Answers why it can't; in CI it must. */
export function amqpToolsMissing(): string | null {
  return missing(() => {
    if (!existsSync('/usr/bin/amqp-publish')) installPackage('amqp-tools')
  })
}

/** The Python of a virtual environment that has `requirements.txt`, made at its first use; or why there is none. */
export function pythonClients(): { python: string; missing: string | null } {
  const digest = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 12)
  const cache = process.env['XDG_CACHE_HOME'] ?? path.join(os.homedir(), '.cache')
  const folder = path.join(cache, `warren-clients-${digest}`)
  const reason = existsSync(folder) ? null : missing(() => makeEnvironment(folder))
  return { python: path.join(folder, 'bin', 'python'), missing: reason }
}

/** Comes to its place when it is whole. Another test file may be doing the same, and be faster. */
function makeEnvironment(folder: string): void {
  const own = `${folder}.${process.pid}`
  try {
    run('python3', ['-m', 'venv', own])
  } catch {
    installPackage('python3-venv')
    run('python3', ['-m', 'venv', '--clear', own])
  }
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS]
  run(path.join(own, 'bin', 'python'), pip)
  try {
    renameSync(own, folder)
  } catch (error) {
    if (!existsSync(folder)) throw error
    rmSync(own, { recursive: true })
  }
}

function missing(prepare: () => void): string | null {
  try {
    prepare()
    return null
  } catch (error) {
    if (process.env['CI']) throw error
    return String(error)
  }
}

/** Its output goes to standard error. */
function run(program: string, args: string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 2, 2] })
}
