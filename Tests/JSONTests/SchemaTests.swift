import JSON
import Testing

@Suite struct SchemaTests {
    @Test func `a schema says what the type reads`() {
        let amount =
            #"{"type":"object","properties":{"minor":{"type":"integer"},"currency":{"type":"string"}},"required":["minor","currency"]}"#
        let day = #"{"type":"string","format":"date"}"#
        let words = #"{"type":"string","enum":["researching","evaluating","budgeted","urgent"]}"#
        let expected =
            #"{"$schema":"https://json-schema.org/draft/2020-12/schema","title":"Sample","type":"object","properties":{"#
            + #""id":{"type":"string"},"count":{"type":"integer"},"#
            + #""share":{"type":"integer","minimum":0,"maximum":10000},"consent":{"type":"boolean"},"#
            + #""day":\#(day),"urgency":\#(words),"account":{"type":"object","properties":{"name":{"type":"string"},"#
            + #""domain":{"type":"string"},"employees":{"type":"integer","minimum":0,"maximum":10000000}},"#
            + #""required":["name","domain"]},"note":{"type":"string"},"size":{"type":"integer"},"#
            + #""flag":{"type":"boolean"},"closed_on":\#(day),"previous":\#(words),"value":\#(amount),"#
            + #""lines":{"type":"array","items":\#(amount)},"tags":{"type":"array","items":{"type":"string"}},"#
            + #""numbers":{"type":"array","items":{"type":"integer"}},"days":{"type":"array","items":\#(day)},"#
            + #""urgencies":{"type":"array","items":\#(words)},"#
            + #""limits":{"type":"object","additionalProperties":{"type":"integer"}},"#
            + #""labels":{"type":"object","additionalProperties":{"type":"string"}},"#
            + #""amounts":{"type":"object","additionalProperties":\#(amount)},"extra":{}},"#
            + #""required":["id","count","share","consent","day","urgency","account"]}"#
        #expect(String(decoding: JSONSchema.of(Sample.self, title: "Sample").text, as: UTF8.self) == expected)
    }

    @Test func `a type that contains itself ends at the second level`() {
        struct Tree: JSONReadable {
            init(reading reader: inout ObjectReader) {
                _ = reader.string("name")
                _ = reader.objects("children", Tree.self)
                _ = reader.optionalObject("first", Tree.self)
            }
        }
        let children = JSONSchema.of(Tree.self, title: "Tree")["properties"]?["children"]
        #expect(children?["items"] == .object([("type", .string("object"))]))
    }

    @Test func `a strict type allows nothing else, and demands what it demands`() {
        struct Strict: JSONReadable {
            var sawRecording: Bool
            init(reading reader: inout ObjectReader) {
                _ = reader.requiredObjects("lines", Amount.self)
                reader.rejectUnknown()
                sawRecording = reader.isRecording
                if !reader.isRecording { Issue.record("not recording") }
            }
        }
        let schema = JSONSchema.of(Strict.self, title: "Strict")
        #expect(schema["additionalProperties"] == .bool(false))
        #expect(schema["required"] == .array([.string("lines")]))
        #expect(schema["properties"]?["lines"]?["minItems"] == .integer(1))
    }
}
