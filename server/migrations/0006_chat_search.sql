-- The words of a text, for search: as they stand (`simple`: English and Indonesian alike, no stemming, no stop words), of
-- its first 20,000 characters, since an answer may be longer than a tsvector may be. A word is letters or digits, so that
-- Rp15.000 is found by 15.000 and 10kg by 10. Everything else parts words, also where PostgreSQL's own parser would see an address, a file or a signed number, and also in a database
-- whose character type is C, which takes every character beyond ASCII for a letter. words-of.ts parts a question likewise.
CREATE FUNCTION chat_search_words(content text) RETURNS tsvector
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN to_tsvector(
  'simple'::regconfig,
  regexp_replace(
    regexp_replace(
      left(content, 20000),
      '[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf\u00d7\u00f7\u2000-\u206f\u20a0-\u20cf\u2190-\u2bff\u3000-\u3004\u3008-\u3020\ufe00-\ufe0f\ufe30-\ufe6f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\U0001f000-\U0001faff]+',
      ' ',
      'g'
    ),
    '([0-9])(?=[^0-9 ])|([^0-9 ])(?=[0-9])',
    '\1\2 ',
    'g'
  )
);
--> statement-breakpoint
ALTER TABLE chat_sessions ADD COLUMN search tsvector GENERATED ALWAYS AS (chat_search_words(title)) STORED;
--> statement-breakpoint
-- An answer that still grows has no words yet: it is written every second, and must not touch the index each time.
ALTER TABLE chat_messages ADD COLUMN search tsvector
  GENERATED ALWAYS AS (CASE WHEN status <> 'streaming' THEN chat_search_words(content) END) STORED;
--> statement-breakpoint
CREATE INDEX chat_sessions_search ON chat_sessions USING gin (search);
--> statement-breakpoint
CREATE INDEX chat_messages_search ON chat_messages USING gin (search);
