import { notices } from '../../../lib/config/registrations.ts'
import { PENDING, type Stored } from '../../document.ts'
import { isClockSkew, type Outcome } from '../facts/attempt.ts'
import { type Finding, fail, ok, restsOn } from '../finding.ts'

/** The document can be read, and is valid. */
export function configuration({ value, error }: Outcome<Stored>): Finding {
  if (error === undefined) {
    const { registrations, version_id } = value
    const { clients } = registrations
    // The same of several clients once: which ones, their functions' log says at every start.
    const said = [...new Set(notices(registrations).map(notice => notice.replace(/^clients\[\d+\]\./, '')))]
    const off = clients.filter(({ enabled }) => !enabled).length
    return ok(
      [
        `${clients.length} ${clients.length === 1 ? 'client' : 'clients'}, version ${version_id}`,
        ...(off > 0 ? [`${off} switched off`] : []),
        ...(said.length > 0 ? [`to consider: ${said.join('; ')}`] : []),
      ].join('; '),
    )
  }
  if (isClockSkew(error)) return restsOn('clock')
  if (error.name === 'Failure') {
    return fail(
      error.message,
      'Correct the document and write it again (docs/configuration.md has its rules).',
    )
  }
  return fail(`the secret cannot be read: ${error.name}: ${error.message}`, readingFix(error.name))
}

function readingFix(name: string): string {
  switch (name) {
    case 'ResourceNotFoundException':
      return 'Name the secret of the deployment by --secret-id or COUNTERSIGN_SECRET_ID, and its Region by AWS_REGION.'
    case 'AccessDeniedException':
      return 'Allow secretsmanager:DescribeSecret and secretsmanager:GetSecretValue to whoever runs this.'
    default:
      return 'Check the credentials, AWS_REGION and the network: Secrets Manager has to answer.'
  }
}

/** No version is written and left without being put in force. */
export function secretVersion({ value, error }: Outcome<Record<string, string[]>>): Finding {
  if (error !== undefined) return restsOn(isClockSkew(error) ? 'clock' : 'config')
  const versions = Object.entries(value)
  const current = versions.find(([, labels]) => labels.includes('AWSCURRENT'))?.[0]
  const left = versions.find(
    ([, labels]) =>
      // Once in force it is finished: then only the label has stayed behind.
      labels.includes(PENDING) && !labels.includes('AWSCURRENT') && !labels.includes('AWSPREVIOUS'),
  )?.[0]
  if (left === undefined) return ok(`${current} is in force, and nothing is left unfinished`)
  return fail(
    `version ${left} was written and never put in force`,
    `If no other command is at work: run the one that was broken off again, or drop the version: aws secretsmanager update-secret-version-stage --secret-id … --version-stage ${PENDING} --remove-from-version-id ${left}`,
  )
}
