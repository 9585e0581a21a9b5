/** Preloaded (`--import`), this is a machine for which koffi has no build. */
import { registerHooks } from 'node:module'

registerHooks({
  resolve(specifier, context, next) {
    if (specifier === 'koffi') throw new Error('no build of koffi for this machine')
    return next(specifier, context)
  },
})
