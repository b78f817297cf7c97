import { adminOperations } from './kms-admin.ts'
import { aliasOperations } from './kms-aliases.ts'
import type { KeyStore } from './kms-keys.ts'
import { cryptoOperations, forgeries } from './kms-use.ts'
import type { Service } from './service.ts'

/** An empty KMS. Its keys are made on demand, live in memory, and never leave it: no operation gives a private key. */
export function kmsService({ region, account }: { region: string; account: string }): Service {
  const store: KeyStore = { region, account, keys: new Map(), aliases: new Map() }
  return {
    target: 'TrentService',
    message_member: 'message',
    operations: new Map([...cryptoOperations(store), ...adminOperations(store), ...aliasOperations(store)]),
    forgeries: new Map(forgeries(store)),
  }
}
