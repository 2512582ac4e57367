/** The clauses of a statement, each with statements that are run when the page is made. */

interface Clause {
  readonly title: string;
  readonly text: string;
  readonly examples: readonly { readonly sql: string; readonly payload: string }[];
}

const press =
  '{"force": 412.5, "die": {"id": "D7", "temperature": 81}, "strokes": [{"n": 1, "ok": true}, {"n": 2, "ok": false}]}';

export const clauses: readonly Clause[] = [
  {
    title: 'SELECT',
    text: 'What the actions get. Items without AS are named by the last name of their path, functions by their name. Items that are Undefined are left out; a dotted alias makes objects within each other. `*` alone passes the payload through, byte for byte; `*, …` adds fields to it.',
    examples: [
      { sql: "SELECT force, die.id AS die, topic(2) AS line FROM 'plant/+/press'", payload: press },
      {
        sql: "SELECT force AS press.force, die.temperature AS press.celsius, none FROM 'plant/+/press'",
        payload: press,
      },
      { sql: "SELECT *, timestamp() AS at FROM 'plant/+/press'", payload: '{"force": 412.5}' },
    ],
  },
  {
    title: 'SELECT VALUE',
    text: 'One value, which need be no object.',
    examples: [{ sql: "SELECT VALUE die.temperature FROM 'plant/+/press'", payload: press }],
  },
  {
    title: 'FROM',
    text: 'A topic filter in single quotes. `+` is one level; `#` is one level or more, so that `sensor/#` does not match `sensor`, other than in a subscription. Wildcards at the first level do not match topics that begin with `$`. Without FROM only Basic Ingest reaches the rule: what a device publishes to `$aws/rules/<rule>/a/b` goes to that rule, whatever its FROM, and `topic()` is `a/b`.',
    examples: [],
  },
  {
    title: 'WHERE',
    text: 'Only Boolean true lets a message through: Undefined, the String ‘true’ and numbers do not. It sees the payload, not what SELECT names.',
    examples: [
      { sql: "SELECT force FROM 'plant/+/press' WHERE force > 100 AND die.id = 'D7'", payload: press },
      { sql: "SELECT force FROM 'plant/+/press' WHERE none > 100", payload: press },
    ],
  },
  {
    title: 'SET',
    text: 'Variables, assigned once and in order, before WHERE. They are seen everywhere in the statement, and in the templates of its actions.',
    examples: [
      {
        sql: "SET @t = die.temperature, @f = @t * 1.8 + 32 SELECT @f AS fahrenheit FROM 'plant/+/press' WHERE @t > 80",
        payload: press,
      },
    ],
  },
  {
    title: 'Nested SELECT',
    text: 'A query over the elements of an array, or over one object. Names are looked up in the element alone; AS names it. `SELECT VALUE` gives the values side by side.',
    examples: [
      { sql: "SELECT (SELECT n FROM strokes WHERE ok = true) AS good FROM 'plant/+/press'", payload: press },
      { sql: "SELECT (SELECT VALUE s.n FROM strokes AS s) AS numbers FROM 'plant/+/press'", payload: press },
    ],
  },
  {
    title: 'CASE, IN, EXISTS',
    text: 'CASE compares one value with each WHEN; there is no other form of it. IN looks for a value among the elements of an array. EXISTS is true when a nested query finds anything.',
    examples: [
      { sql: "SELECT CASE die.id WHEN 'D7' THEN 'new' ELSE 'old' END AS die FROM 'plant/+/press'", payload: press },
      {
        sql: "SELECT die.id IN ['D7', 'D8'] AS known, EXISTS (SELECT n FROM strokes WHERE ok = false) AS bad FROM 'plant/+/press'",
        payload: press,
      },
    ],
  },
  {
    title: 'Members, elements, literals',
    text: "`a.b` is a member, `a[0]` an element, `get(a, 'b-c')` a member whose name cannot be written. What is not there is Undefined. Strings stand in single or double quotes; a quote within is written twice.",
    examples: [
      {
        sql: "SELECT strokes[0].n AS first, get(die, 'id') AS id, [1, force] AS list, {'force': force} AS object FROM 'plant/+/press'",
        payload: press,
      },
    ],
  },
  {
    title: 'Templates',
    text: '`${…}` in the fields of an action takes any expression. It sees the message as it came and the SET variables, not what SELECT made. Undefined and Null become nothing. Which fields take them stands with the [actions](actions.md).',
    examples: [],
  },
];
