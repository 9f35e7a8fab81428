/** Every kind of thing that the language knows. */
include "words.thrift"

# an old-fashioned comment
struct Point {
    1: required i32 x
    2: required i32 y;
    3: optional words.Colour colour = words.Colour.RED,
}

/** Used before it is defined. */
typedef list<Everything> Many

struct Everything {
    1: optional bool flag
    2: optional i8 tiny
    3: optional i16 small
    4: optional i32 medium
    5: optional i64 large
    6: optional double ratio
    7: optional string text
    /** Not shown */
    8: optional binary secret (redact = "true", other)
    9: optional words.Colour colour
    10: optional words.Names names
    11: optional set<string> tags
    12: optional map<string, Point> points
    13: optional map<words.Colour, list<i64>> shades
    14: optional Shape shape
    15: optional Many children
    16: optional byte octet
    17: optional map<i32, string> numbered
    18: optional set<i32> numbers
    300: optional string far
}

union Shape {
    1: Point point
    2: i64 circle
    3: Names names
    4: Nothing nothing
}

typedef words.Names Names

struct Nothing {}

struct Node {
    1: required string name
    2: optional Node next
    3: optional list<Node> others
}

struct Defaults {
    1: required i32 count = 7
    2: optional words.Names names = ["a", "b"]
    3: i32 limit = words.LIMIT
    4: bool yes = true
}

/** A word of Python, and words of ours. */
struct Awkward {
    1: required string class
    2: optional string which
}

union AwkwardChoice {
    1: string value
    2: string which
}

exception NotFound {
    1: required string name
    2: optional i32 code
    3: optional string args
}
exception Refused {}

service Parent {
    void Ping()
}

/** Things, and what can be done with them. */
service Things extends Parent {
    /** Gives it back. */
    Everything Echo(1: Everything thing) throws (1: NotFound not_found, 2: Refused refused)
    Shape Get(1: words.Name name, 2: optional i32 version, 3: i32 limit = 3) throws (1: NotFound not_found)
    void Put(1: words.Name name, 2: Shape shape) throws (1: Refused refused)
    oneway void Tell(1: string words)
    list<Node> Tree(1: Node root)
}
