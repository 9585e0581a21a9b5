import { cryptoSuites, type SrtpMasterKey } from '../../base/encryption.ts'
import { AesCmTransform } from './aes-cm-transform.ts'
import { AesGcmTransform } from './aes-gcm-transform.ts'
import { type CipherProvider } from './cipher-provider.ts'
import { type SrtpTransform } from './srtp-transform.ts'

/**
 * Makes the transform of a key's suite.
 * @param master a key that `isUsableMasterKey` accepts
 */
export function createTransform(master: SrtpMasterKey, provider: CipherProvider): SrtpTransform {
  return cryptoSuites[master.suite].cipher === 'aes-cm'
    ? new AesCmTransform(master, provider)
    : new AesGcmTransform(master, provider)
}
