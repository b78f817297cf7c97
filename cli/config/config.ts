import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { ConfigurationError, problemLine } from '../../lib/config/problems.ts'
import { notices, parseRegistrations } from '../../lib/config/registrations.ts'
import { command } from '../command.ts'
import type { Context } from '../context.ts'
import { onLambda, type RawDocument, readDeployment, readText, replaceDocument } from '../document.ts'
import { EXIT, Failure, misuse } from '../failure.ts'

// The document as a whole, for what no other command changes. Keys are better changed by the commands about keys.

const FILE = { file: { type: 'string', value: 'FILE', help: 'the document; - is standard input' } } as const

export const configShow = command({
  name: 'config show',
  summary: 'the configuration that is in force',
  details:
    'Printed as it is, also where it is not valid. Which version it is stands on standard error, and in --json.',
  options: {
    previous: { type: 'boolean', help: 'the version before it, which keys rollback would put back' },
  },
  async run(context, { previous = false }) {
    const stored = previous ? await readPrevious(context) : await readText(context)
    context.terminal.note(`version ${stored.version_id}`)
    return { json: { ...stored }, lines: [stored.text] }
  },
})

async function readPrevious(context: Context) {
  // Without a secret there is no version of it either: that is said as what it is.
  await readDeployment(context)
  try {
    return await readText(context, { VersionStage: 'AWSPREVIOUS' })
  } catch (error) {
    if ((error as Error).name !== 'ResourceNotFoundException') throw error
    throw new Failure('no_previous_version', 'There is no version before this one.', { exit: EXIT.refused })
  }
}

export const configCheck = command({
  name: 'config check',
  summary: 'whether a document is valid, and what is worth a second thought',
  details:
    'Nothing is read but the file. Strict as a deployed function is: --loopback takes http URLs of loopback hosts too.',
  options: { ...FILE, loopback: { type: 'boolean', help: 'for the local stack' } },
  async run(_, { file, loopback = false }) {
    const checked = check(await textOf(file), !loopback)
    return {
      ok: checked.problems.length === 0,
      json: { ok: checked.problems.length === 0, ...checked },
      lines: [
        ...checked.problems,
        ...checked.notices.map(notice => `notice: ${notice}`),
        ...(checked.problems.length === 0 ? ['valid'] : []),
        ...(checked.problems.some(problem => problem.includes('loopback'))
          ? ['(--loopback for the local stack)']
          : []),
      ],
    }
  },
})

export const configPut = command({
  name: 'config put',
  summary: 'put a document in force, once it is valid',
  details: `It becomes a new version, which countersign keys rollback --force takes back. Nothing that somebody else has written meanwhile is
overwritten unseen: --if-version names the version that the file was made from, as config show has said it.`,
  options: {
    ...FILE,
    'if-version': { type: 'string', value: 'ID', help: 'the version that the file was made from' },
    force: { type: 'boolean', help: 'whatever version is in force' },
  },
  async run(context, { file, 'if-version': wanted, force = false }) {
    if (wanted === undefined && !force) {
      throw misuse(
        'From which version was the file made? --if-version names it (config show says it); --force overwrites any.',
      )
    }
    if (wanted !== undefined && force) {
      throw misuse('--if-version and --force contradict each other: leave one of them out.')
    }
    const document = await textOf(file)
    const deployment = await readDeployment(context)
    const { problems, notices: noted } = check(document, onLambda(deployment))
    if (problems.length > 0) {
      throw new Failure('configuration_invalid', `The document is not valid:\n${problems.join('\n')}`)
    }
    const { version_id } = await readText(context)
    if (wanted !== undefined && wanted !== version_id) {
      throw new Failure(
        'changed_meanwhile',
        `Version ${version_id} is in force, not ${wanted}. Nothing was changed.`,
        {
          fix: 'Look at it (countersign config show) and make your change on top of it.',
          exit: EXIT.refused,
        },
      )
    }
    const written = await replaceDocument(
      context,
      { version_id, deployment },
      JSON.parse(document) as RawDocument,
    )
    return {
      json: { ok: true, version_id: written, notices: noted },
      lines: [...noted.map(notice => `notice: ${notice}`), `in force, as version ${written}`],
    }
  },
})

async function textOf(file: string | undefined): Promise<string> {
  if (file === undefined) throw misuse('Which document? --file names it.')
  try {
    return file === '-' ? await text(process.stdin) : await readFile(file, 'utf8')
  } catch (error) {
    throw misuse(`${file} cannot be read: ${(error as Error).message}`)
  }
}

function check(document: string, strict: boolean): { problems: string[]; notices: string[] } {
  try {
    return {
      problems: [],
      notices: notices(parseRegistrations(document, { revision: '', onLambda: strict })),
    }
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    return { problems: error.problems.map(problemLine), notices: [] }
  }
}
