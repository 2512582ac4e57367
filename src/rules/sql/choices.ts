/** Where AWS's documentation leaves open what a statement means: what this engine does. Printed in the language reference. */
export interface Choice {
  readonly id: string;
  readonly question: string;
  readonly choice: string;
}

export const choices: readonly Choice[] = [
  {
    id: 'logic-undefined',
    question: '`true OR x` and `false AND x` where x is not a Boolean',
    choice: 'Undefined, as the operator tables say. `WHERE` treats Undefined as no match.',
  },
  {
    id: 'concatenate-null',
    question: 'A String plus Null or Undefined; concat() of a String with one of them',
    choice: 'Undefined.',
  },
  {
    id: 'rounding',
    question: 'Fractions where an Int is needed, negative ones too',
    choice:
      'Rounded towards minus infinity wherever AWS says "rounded down"; cut off in substring(); half away from zero in round().',
  },
  {
    id: 'default-key',
    question: 'The key of a selected expression without AS',
    choice: 'The last name of a path; the name of a function as written; else the text of the expression.',
  },
  { id: 'key-collision', question: 'Two selected items with the same key', choice: 'The later one wins.' },
  {
    id: 'transform-collision',
    question: "transform('enrichArray'): element and object have a member of the same name",
    choice: "The object's member wins.",
  },
  {
    id: 'star-without-object',
    question: '`SELECT *, …` on a payload that is not a JSON object',
    choice: 'Only the other items.',
  },
  {
    id: 'star-alias',
    question: "`SELECT * AS message` and `{'message': *}`",
    choice: 'The payload under that key; base64 text when it is not JSON.',
  },
  { id: 'null-equality', question: '`=` of two Nulls, of two Booleans', choice: 'True when they are the same.' },
  { id: 'array-inequality', question: '`<>` of arrays', choice: 'The negation of `=`.' },
  {
    id: 'brackets',
    question: '`a[0]`, `a.b.*`',
    choice: 'Both work from 2016-03-23 on: `a[0]` is get(a, 0); `a.b.*` selects the members of a.b side by side.',
  },
  {
    id: 'integer-division',
    question: 'Int / Int that does not divide',
    choice: 'A Decimal with up to 34 digits; nothing is cut off.',
  },
  { id: 'not-equal', question: '`!=`', choice: 'Accepted as `<>`.' },
  {
    id: 'quotes',
    question: 'A quote within a string of the same quotes',
    choice: 'Written twice. Backslashes are ordinary characters.',
  },
  {
    id: 'from-quotes',
    question: 'FROM without quotes, or with double quotes',
    choice: 'Accepted with a warning; without quotes the filter ends at white space.',
  },
  {
    id: 'arithmetic-edges',
    question: 'Division by zero, roots and logarithms of negative numbers, results beyond 1E999',
    choice: 'Undefined. A remainder has the sign of its dividend. Results are rounded half-even to 34 digits.',
  },
  { id: 'bitnot', question: "bitnot(13), printed as 2 by AWS's guide", choice: "-14, the two's complement." },
  {
    id: 'concat-other',
    question: 'concat() with one parameter; with several of which none is a String or an Array',
    choice: 'One is returned as it is. Several without String and Array give Undefined.',
  },
  {
    id: 'concat-undefined-element',
    question: 'Null and Undefined among the parameters of concat() with an Array',
    choice: 'Null becomes an element, Undefined is left out.',
  },
  {
    id: 'not-found',
    question: 'indexof(), regexp_substr(), topic(n), time_to_epoch(), parse_time() without a result',
    choice: 'indexof gives -1; the others Undefined. get_user_properties() without properties is Undefined.',
  },
  {
    id: 'regular-expressions',
    question: 'The dialect of regular expressions',
    choice:
      'RE2: time is linear in the text; no back-references, no look-around, no possessive quantifiers. Replacements as in Java: `$1`, `${name}`, a backslash before an ordinary `$`.',
  },
  {
    id: 'characters',
    question: 'What length(), substring(), get() and indexof() count',
    choice: 'UTF-16 code units, as Java does.',
  },
  {
    id: 'undefined-element',
    question: 'Undefined in an array literal',
    choice: 'Keeps its place, and is null in JSON.',
  },
  {
    id: 'template-text',
    question: 'Undefined, Null and containers in a `${}` template',
    choice: 'Undefined and Null are the empty string; containers are JSON text; whole numbers are bare digits.',
  },
  {
    id: 'template-path',
    question: 'Values that templates insert into the path of a file action',
    choice:
      'Slashes make folders; `%`, backslashes, control characters and lone surrogates are percent-encoded, and so are folders `.`, `..` and `_` and the dot of one that ends in `.avro`, `.jsonl`, `.gz` or `.partial`. An empty folder becomes `_`. Names over 255 bytes and paths over 1,024 are cut, with a checksum after `%~`. Different values give different folders.',
  },
  {
    id: 'template-key',
    question: 'Values that templates insert into the key of an s3 action',
    choice:
      'As they are; but control characters, lone surrogates and levels `.` and `..` are percent-encoded: no client and no listing carries them.',
  },
  {
    id: 'template-topic',
    question: 'Values that templates insert into a topic',
    choice:
      'As they are. What is then no topic fails the action, and so does a topic under `$` that the text before the template does not begin: write `$$aws/…` out.',
  },
  {
    id: 'template-name',
    question: 'Values that templates insert into names of streams and buckets and into ARNs',
    choice: 'As they are. What can be no such name, or is the name of nothing, fails the action for that message.',
  },
  { id: 'beta', question: '`awsIotSqlVersion: beta`', choice: 'The same as 2016-03-23.' },
  {
    id: 'version-check',
    question: 'What 2015-10-08 does with later syntax and functions',
    choice: 'The rule is refused when it is checked.',
  },
  {
    id: 'dollar-topics',
    question: 'Wildcards at the first level and topics that begin with `$`',
    choice: 'They do not match, as in MQTT.',
  },
  {
    id: 'basic-ingest-from',
    question: 'A Basic Ingest message whose topic does not match the FROM of the rule it names',
    choice:
      'The rule runs: it is addressed by name. Where no enabled rule has the name, the message is acknowledged, counted as unmatched and told of in the log.',
  },
  { id: 'where-string', question: "WHERE with the String 'true'", choice: 'No match: only Boolean true matches.' },
  {
    id: 'nested-names',
    question: 'Names in a nested SELECT',
    choice: 'They are looked up in the element, and nowhere else; aliases of the queries around it are visible.',
  },
  {
    id: 'nested-source',
    question: 'A nested SELECT from what is neither Array nor Object',
    choice: 'Undefined. Elements for which VALUE is Undefined are left out.',
  },
  {
    id: 'base64',
    question: 'decode() of base64 that is not quite right',
    choice: 'White space is ignored; anything else that RFC 4648 section 4 does not allow gives Null.',
  },
  {
    id: 'parameter-count',
    question: 'A function with the wrong number of parameters',
    choice: 'Undefined, as AWS says, with a warning when the rule is checked.',
  },
  { id: 'trailing-comma', question: 'A comma before FROM', choice: 'Accepted with a warning.' },
  {
    id: 'keywords-as-names',
    question: 'Fields named like keywords',
    choice: 'Accepted wherever what follows shows that a field is meant.',
  },
  {
    id: 'value-array',
    question: 'SELECT VALUE of an Array under 2015-10-08',
    choice: 'The array is emitted, rather than nothing.',
  },
  {
    id: 'limits',
    question: "AWS's limits of sizes: SET values of 128 KiB, topics of 8 levels",
    choice:
      'SET variables of more than 128 KiB together fail the rule for this message; 10 variables, 10 actions and 128 KiB of SQL are the limit when it is checked. Topics may have more levels. A text or array that functions make to grow beyond 16 Mi characters or a million elements is Undefined. Nested queries that look at more than 4,000,000 elements, and results of more than 16 Mi characters, fail the rule for this message.',
  },
  {
    id: 'external-parameters',
    question: 'Functions that ask a service, with parameters that they cannot take',
    choice:
      'They fail, and so does the rule for this message, rather than give Undefined: nothing is lost silently. A wrong number of parameters is refused when the rule is checked.',
  },
  {
    id: 'external-limits',
    question:
      "More calls of get_dynamodb(), get_registry_data() and decode(…, 'proto', …) in a statement than AWS allows",
    choice: 'The rule is refused when it is checked; AWS ends it for each message.',
  },
  {
    id: 'external-set',
    question: 'A SET variable whose function fails, used within get_or_default()',
    choice: 'The rule fails where the variable is assigned: get_or_default() must stand there.',
  },
  {
    id: 'proto-json',
    question: "The JSON that decode(…, 'proto', …) gives",
    choice:
      "Protobuf's JSON mapping: names in lowerCamelCase or the json_name, 64-bit integers as Strings, enums by name, bytes as base64 text, fields that are not set left out; 32-bit floats as their shortest decimals. What cannot be decoded, and more than 128 KiB in or out, fails the rule.",
  },
  {
    id: 'replay',
    question: 'newuuid(), rand(), traceid() and timestamp() when a message is evaluated again after a restart',
    choice: 'The same values as before: they derive from the message.',
  },
  {
    id: 'number-text',
    question: 'When numbers as text have an exponent',
    choice: 'Below 1E-6 and from 1E34 on, in the form `5E-12` that converts back to a number.',
  },
];
