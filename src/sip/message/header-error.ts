import { CodedError } from '../../base/coded-error.ts'

/**
 * A header field that cannot be read, or that must not be written.
 * Codes: `SIP_HEADER_NAME`, `SIP_HEADER_VALUE` and `SIP_TOO_MANY_HEADERS` when writing (status 500, our own mistake);
 * `SIP_VIA`, `SIP_NAME_ADDR`, `SIP_CSEQ` when reading (status 400, the sender's).
 * The message never quotes the field: it may hold credentials.
 */
export class HeaderError extends CodedError {}
