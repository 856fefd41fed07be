/** How long the message of a condition may be. */

/** Of `metav1.Condition`, in characters: the API server refuses the whole status for one longer message. */
const longest = 32_768;

/** The last line of a message that says less than there was to say. */
export const cutMark = '… and more';

/** The message as it fits: whole lines, then {@link cutMark}. A single line that is too long ends within. */
export const fittingMessage = (message: string): string => {
  if (message.length <= longest) return message;
  const start = message.slice(0, longest - cutMark.length - 1);
  const end = start.lastIndexOf('\n');
  return `${(end > 0 ? start.slice(0, end) : start).toWellFormed()}\n${cutMark}`;
};
