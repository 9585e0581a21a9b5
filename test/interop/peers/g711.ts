/**
 * ITU-T G.711 decoding tables, one sample (-1 to 1) a code byte, by RTP payload type: 0 is PCMU (µ-law), 8 is PCMA (A-law).
 * With them a test reads a captured packet as if it were clear.
 */
export const g711: Readonly<Record<number, Float32Array>> = { 0: muLaw(), 8: aLaw() }

function muLaw(): Float32Array {
  return Float32Array.from({ length: 256 }, (_, code) => {
    const bits = ~code & 0xff
    const magnitude = (((bits & 15) << 3) + 0x84) << ((bits >> 4) & 7)
    return (bits & 0x80 ? 0x84 - magnitude : magnitude - 0x84) / 32_768
  })
}

function aLaw(): Float32Array {
  return Float32Array.from({ length: 256 }, (_, code) => {
    const bits = code ^ 0x55
    const exponent = (bits >> 4) & 7
    let magnitude = ((bits & 15) << 4) + 8
    if (exponent > 0) magnitude = (magnitude + 0x100) << (exponent - 1)
    return (bits & 0x80 ? magnitude : -magnitude) / 32_768
  })
}

/** µ-law code bytes of a sine at 8 kHz, half of full scale. */
export function muLawTone(hz: number, seconds: number): Buffer {
  const codes = Buffer.alloc(seconds * 8000)
  for (let i = 0; i < codes.length; i++) {
    const sample = Math.round(16_000 * Math.sin((2 * Math.PI * hz * i) / 8000))
    const magnitude = Math.abs(sample) + 0x84
    const exponent = 24 - Math.clz32(magnitude)
    codes[i] = ~((sample < 0 ? 0x80 : 0) | (exponent << 4) | ((magnitude >> (exponent + 3)) & 15)) & 0xff
  }
  return codes
}
