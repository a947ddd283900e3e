// A rule of another plugin with the reason of this house behind each of its messages: who meets
// the error learns why, not only that.

/** The same rule, its messages ending in `reason`. */
export function reasoned(rule, reason) {
  const messages = Object.fromEntries(
    Object.entries(rule.meta.messages).map(([id, text]) => [id, `${text} Reason: ${reason}`]),
  );
  return { ...rule, meta: { ...rule.meta, messages } };
}

/** A rule of our own, that has one message. */
export function rule(message, create) {
  return {
    meta: { type: 'problem', schema: [], messages: { broken: message } },
    create(context) {
      return create((node) => context.report({ node, messageId: 'broken' }), context);
    },
  };
}
