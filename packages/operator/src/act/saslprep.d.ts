/** The package brings no types. It throws for text that RFC 4013 prohibits. */
declare module 'saslprep' {
  const saslprep: (text: string) => string;
  // oxlint-disable-next-line import/no-default-export
  export default saslprep;
}
