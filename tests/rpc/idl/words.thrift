/**
 * Words that the other file uses.
 * Second line.
 */
namespace py words

typedef string Name
typedef list<Name> Names

enum Colour {
    RED = 1
    GREEN
    BLUE = 0x10 // hexadecimal
}

const Colour FAVOURITE = Colour.GREEN
const i32 LIMIT = 5
const map<string, i32> WEIGHTS = {"a": 1, "b": LIMIT}
