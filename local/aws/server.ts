import { kmsService } from './kms.ts'
import { type Listener, startListener } from './listener.ts'
import type { Principal } from './principals.ts'
import { secretsManagerService } from './secrets-manager.ts'

export type { Principal } from './principals.ts'

export interface LocalAwsOptions {
  /** Loopback unless said otherwise: nothing here proves who a caller is. */
  host?: string
  /** 0 takes a free port, as for the other one. */
  kmsPort: number
  secretsManagerPort: number
  region: string
  /** Twelve digits. */
  account: string
  /** By access key id: who calls, and what its identity policy allows. */
  principals: Record<string, Principal>
}

export interface LocalAws {
  /** `http://127.0.0.1:<port>`, for `AWS_ENDPOINT_URL_KMS`. */
  kms: string
  /** The same for `AWS_ENDPOINT_URL_SECRETS_MANAGER`. */
  secrets_manager: string
  /** Ends at once, whatever is still open. */
  close(): Promise<void>
}

/**
 * A KMS and a Secrets Manager on loopback, empty, in this thread. They speak AWS JSON 1.1, as any AWS SDK does, make
 * real keys and signatures and enforce key policies; faults are switched by control.ts. Rejects with Node's error
 * (`code` EADDRINUSE and the like) where a port cannot be had, and then leaves none open.
 */
export async function startLocalAws(options: LocalAwsOptions): Promise<LocalAws> {
  const { host = '127.0.0.1', principals } = options
  const kms = await startListener(kmsService(options), principals, { host, port: options.kmsPort })
  let secrets: Listener
  try {
    secrets = await startListener(secretsManagerService(options), principals, {
      host,
      port: options.secretsManagerPort,
    })
  } catch (error) {
    await kms.close()
    throw error
  }
  return {
    kms: kms.url,
    secrets_manager: secrets.url,
    close: async () => {
      await Promise.all([kms.close(), secrets.close()])
    },
  }
}
