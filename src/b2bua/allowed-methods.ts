/** The methods that cross inside a dialog, and those that make and end one: Allow of this server. */
export const allowedMethods: readonly string[] =
  'INVITE ACK CANCEL BYE PRACK OPTIONS UPDATE INFO MESSAGE REFER NOTIFY SUBSCRIBE'.split(' ')
