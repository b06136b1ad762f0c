const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether a row can have this id: of any other text Postgres makes an error. */
export const isUuid = (text: string): boolean => UUID.test(text);

/** Before every other id, where rows are walked by theirs (RFC 9562 §5.9). */
export const NIL_UUID = '00000000-0000-0000-0000-000000000000';
