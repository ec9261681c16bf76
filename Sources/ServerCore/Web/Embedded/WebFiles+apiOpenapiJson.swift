extension WebFiles {
    /// protocol/spec/openapi.json, as `scripts/embed` found it.
    static let apiOpenapiJson = WebFile(
        ##"""
        {
          "openapi": "3.1.0",
          "info": {
            "title": "Muster",
            "version": "1",
            "summary": "What can be asked of a game server without a socket.",
            "description": "A ticket from here is shown by the join on the socket at /lobby/ID. More: lobby.md.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}
          },
          "servers": [{"url": "/"}],
          "security": [{}],
          "tags": [{"name": "lobbies"}, {"name": "seats"}, {"name": "queue"}, {"name": "stored"}, {"name": "about"}, {"name": "admin"}],
          "paths": {
            "/api/lobbies": {
              "get": {
                "operationId": "listLobbies",
                "tags": ["lobbies"],
                "summary": "The listed lobbies, in the order of their ids.",
                "parameters": [
                  {
                    "name": "game",
                    "in": "query",
                    "description": "Only lobbies of that game.",
                    "schema": {"type": "string"}
                  },
                  {
                    "name": "title",
                    "in": "query",
                    "description": "Only those whose title has this text, in any case.",
                    "schema": {"type": "string"}
                  },
                  {
                    "name": "open",
                    "in": "query",
                    "description": "true: only those that a new player could join without a password.",
                    "schema": {"type": "boolean"}
                  },
                  {
                    "name": "metadata",
                    "in": "query",
                    "description": "Only those whose metadata has these values: metadata.NAME=VALUE.",
                    "style": "form",
                    "explode": true,
                    "schema": {
                      "type": "object",
                      "propertyNames": {"pattern": "^metadata\\."},
                      "additionalProperties": {"type": "string"}
                    }
                  },
                  {
                    "name": "limit",
                    "in": "query",
                    "description": "How many at most.",
                    "schema": {"type": "integer", "minimum": 1, "maximum": 50}
                  },
                  {
                    "name": "after",
                    "in": "query",
                    "description": "Only those whose ids come behind this one: the last of the page before.",
                    "schema": {"type": "string"}
                  }
                ],
                "responses": {
                  "200": {
                    "description": "At most 50 of them; for whoever accepts text/event-stream events lobbies that keep them up to date, and draining at last.",
                    "content": {
                      "application/json": {
                        "schema": {
                          "type": "array",
                          "maxItems": 50,
                          "items": {"$ref": "#/components/schemas/LobbyRow"}
                        }
                      },
                      "text/event-stream": {"schema": {"type": "string"}}
                    }
                  },
                  "400": {"$ref": "#/components/responses/BadRequest"},
                  "403": {"$ref": "#/components/responses/Forbidden"},
                  "429": {"$ref": "#/components/responses/TooMany"},
                  "503": {"$ref": "#/components/responses/Unavailable"},
                  "default": {"$ref": "#/components/responses/Other"}
                }
              },
              "post": {
                "operationId": "openLobby",
                "tags": ["lobbies"],
                "summary": "Opens a lobby in which nobody sits yet.",
                "requestBody": {
                  "required": false,
                  "content": {"application/json": {"schema": {"$ref": "#/components/schemas/OpenLobby"}}}
                },
                "responses": {
                  "201": {
                    "description": "It is open.",
                    "headers": {"Location": {"$ref": "#/components/headers/Location"}},
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/LobbyRow"}}}
                  },
                  "400": {"$ref": "#/components/responses/BadRequest"},
                  "403": {"$ref": "#/components/responses/Forbidden"},
                  "404": {"$ref": "#/components/responses/NotFound"},
                  "409": {"$ref": "#/components/responses/Conflict"},
                  "413": {"$ref": "#/components/responses/TooLong"},
                  "415": {"$ref": "#/components/responses/Compressed"},
                  "422": {"$ref": "#/components/responses/GameFailed"},
                  "429": {"$ref": "#/components/responses/TooMany"},
                  "503": {"$ref": "#/components/responses/Unavailable"},
                  "default": {"$ref": "#/components/responses/Other"}
                }
              }
            },
            "/api/lobbies/{id}": {
              "parameters": [{"$ref": "#/components/parameters/Lobby"}],
              "get": {
                "operationId": "getLobby",
                "tags": ["lobbies"],
                "summary": "One lobby, its players, and its newest state.",
                "responses": {
                  "200": {
                    "description": "The lobby.",
                    "headers": {"ETag": {"$ref": "#/components/headers/ETag"}},
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Lobby"}}}
                  },
                  "304": {"description": "The client has it: If-None-Match names it."},
                  "403": {"$ref": "#/components/responses/Forbidden"},
                  "404": {"$ref": "#/components/responses/NotFound"},
                  "default": {"$ref": "#/components/responses/Other"}
                }
              }
            },
            "/api/lobbies/{id}/events": {
              "parameters": [{"$ref": "#/components/parameters/Lobby"}],
              "get": {
                "operationId": "watchLobby",
                "tags": ["lobbies"],
                "summary": "The lobby as it changes.",
                "parameters": [
                  {
                    "name": "format",
                    "in": "query",
                    "description": "JSON, or the binary messages that players get, in base64.",
                    "schema": {"enum": ["state", "snapshot"], "default": "state"}
                  },
                  {
                    "name": "hz",
                    "in": "query",
                    "description": "States a second at most; if left out 2 of JSON, and all snapshots.",
                    "schema": {"type": "number", "minimum": 0.01, "maximum": 1000}
                  },
                  {
                    "name": "lastEventId",
                    "in": "query",
                    "description": "For those who cannot send the field Last-Event-ID.",
                    "schema": {"type": "string"}
                  }
                ],
                "responses": {
                  "200": {
                    "description": "Events lobby and state, or schema and snapshot; closed or draining is the last.",
                    "content": {"text/event-stream": {"schema": {"type": "string"}}}
                  },
                  "400": {"$ref": "#/components/responses/BadRequest"},
                  "403": {"$ref": "#/components/responses/Forbidden"},
                  "404": {"$ref": "#/components/responses/NotFound"},
                  "503": {"$ref": "#/components/responses/Unavailable"},
                  "default": {"$ref": "#/components/responses/Other"}
                }
              }
            },
            "/api/lobbies/{id}/seats": {
              "parameters": [{"$ref": "#/components/parameters/LobbyOrWord"}],
              "post": {
                "operationId": "keepSeats",
                "tags": ["seats"],
                "summary": "Keeps seats, all that are asked for or none, and hands out a ticket for each.",
                "description": "~quick: a quick join. ~new: in a new lobby. An id, or a code: a join.",
                "requestBody": {
                  "required": false,
                  "content": {"application/json": {"schema": {"$ref": "#/components/schemas/KeepSeats"}}}
                },
                "responses": {
                  "201": {
                    "description": "They are kept.",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Tickets"}}}
                  },
                  "400": {"$ref": "#/components/responses/BadRequest"},
                  "403": {"$ref": "#/components/responses/Forbidden"},
                  "404": {"$ref": "#/components/responses/NotFound"},
                  "409": {"$ref": "#/components/responses/Conflict"},
                  "413": {"$ref": "#/components/responses/TooLong"},
                  "415": {"$ref": "#/components/responses/Compressed"},
                  "422": {"$ref": "#/components/responses/GameFailed"},
                  "429": {"$ref": "#/components/responses/TooMany"},
                  "503": {"$ref": "#/components/responses/Unavailable"},
                  "default": {"$ref": "#/components/responses/Other"}
                }
              }
            },
            "/api/lobbies/{id}/seats/{ticket}": {
              "parameters": [
                {"$ref": "#/components/parameters/Lobby"},
                {
                  "name": "ticket",
                  "in": "path",
                  "required": true,
                  "description": "The ticket of the seat.",
                  "schema": {"type": "string", "minLength": 1, "maxLength": 1024}
                }
              ],
              "delete": {
                "operationId": "giveUpSeat",
                "tags": ["seats"],
                "summary": "Gives up a seat that is kept, and its ticket.",
                "responses": {
                  "204": {"description": "It is free."},
                  "403": {"$ref": "#/components/responses/Forbidden"},
                  "404": {"$ref": "#/components/responses/NotFound"},
                  "default": {"$ref": "#/components/responses/Other"}
                }
              }
            },
            "/api/queue": {
              "post": {
                "operationId": "enterQueue",
                "tags": ["queue"],
                "summary": "Waits for a match.",
                "requestBody": {
                  "required": false,
                  "content": {"application/json": {"schema": {"$ref": "#/components/schemas/EnterQueue"}}}
                },
                "responses": {
                  "201": {
                    "description": "It waits while somebody asks about it every ten seconds, or watches.",
                    "headers": {"Location": {"$ref": "#/components/headers/Location"}},
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Queued"}}}
                  },
                  "400": {"$ref": "#/components/responses/BadRequest"},
                  "403": {"$ref": "#/components/responses/Forbidden"},
                  "404": {"$ref": "#/components/responses/NotFound"},
                  "413": {"$ref": "#/components/responses/TooLong"},
                  "415": {"$ref": "#/components/responses/Compressed"},
                  "429": {"$ref": "#/components/responses/TooMany"},
                  "503": {"$ref": "#/components/responses/Unavailable"},
                  "default": {"$ref": "#/components/responses/Other"}
                }
              }
            },
            "/api/queue/{id}": {
              "parameters": [{"$ref": "#/components/parameters/Place"}],
              "get": {
                "operationId": "getPlace",
                "tags": ["queue"],
                "summary": "What has become of it.",
                "responses": {
                  "200": {
                    "description": "It waits, or a seat is kept in the lobby of a match.",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Place"}}}
                  },
                  "403": {"$ref": "#/components/responses/Forbidden"},
                  "404": {"$ref": "#/components/responses/NotFound"},
                  "410": {"$ref": "#/components/responses/Gone"},
                  "default": {"$ref": "#/components/responses/Other"}
                }
              },
              "delete": {
                "operationId": "leaveQueue",
                "tags": ["queue"],
                "summary": "Waits no more.",
                "responses": {
                  "204": {"description": "It is out of the queue."},
                  "403": {"$ref": "#/components/responses/Forbidden"},
                  "404": {"$ref": "#/components/responses/NotFound"},
                  "default": {"$ref": "#/components/responses/Other"}
                }
              }
            },
            "/api/queue/{id}/events": {
              "parameters": [{"$ref": "#/components/parameters/Place"}],
              "get": {
                "operationId": "watchPlace",
                "tags": ["queue"],
                "summary": "The same as it changes. Whoever loses the stream is out of the queue.",
                "responses": {
                  "200": {
                    "description": "Events queued; found, or exception {code, message}, is the last.",
                    "content": {"text/event-stream": {"schema": {"type": "string"}}}
                  },
                  "403": {"$ref": "#/components/responses/Forbidden"},
                  "404": {"$ref": "#/components/responses/NotFound"},
                  "503": {"$ref": "#/components/responses/Unavailable"},
                  "default": {"$ref": "#/components/responses/Other"}
                }
              }
            },
            "/api/leaderboards/{game}": {
              "parameters": [
                {
                  "name": "game",
                  "in": "path",
                  "required": true,
                  "description": "The game's name.",
                  "schema": {"type": "string", "minLength": 1}
                }
              ],
              "get": {
                "operationId": "getLeaderboard",
                "tags": ["stored"],
                "summary": "A page of a game's leaderboard.",
                "parameters": [
                  {
                    "name": "season",
                    "in": "query",
                    "description": "The board of that season; of all times if left out.",
                    "schema": {"type": "string"}
                  },
                  {
                    "name": "order",
                    "in": "query",
                    "description": "By the highest score, by all together, or by the lowest.",
                    "schema": {"enum": ["best", "sum", "least"], "default": "best"}
                  },
                  {
                    "name": "from",
                    "in": "query",
                    "description": "The page begins at that rank.",
                    "schema": {"type": "integer", "minimum": 1, "maximum": 1000000, "default": 1}
                  },
                  {
                    "name": "around",
                    "in": "query",
                    "description": "The page has the player of that name in its middle.",
                    "schema": {"type": "string"}
                  },
                  {
                    "name": "limit",
                    "in": "query",
                    "description": "The most rows.",
                    "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 10}
                  }
                ],
                "responses": {
                  "200": {
                    "description": "The page.",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Leaderboard"}}}
                  },
                  "400": {"$ref": "#/components/responses/BadRequest"},
                  "403": {"$ref": "#/components/responses/Forbidden"},
                  "404": {"$ref": "#/components/responses/NotFound"},
                  "default": {"$ref": "#/components/responses/Other"}
                }
              }
            },
            "/api/results": {
              "get": {
                "operationId": "listResults",
                "tags": ["stored"],
                "summary": "Games that have finished, the newest first.",
                "parameters": [
                  {"name": "game", "in": "query", "description": "Only of that game.", "schema": {"type": "string"}},
                  {
                    "name": "before",
                    "in": "query",
                    "description": "The `next` of the page before.",
                    "schema": {"type": "integer", "minimum": 1}
                  },
                  {
                    "name": "limit",
                    "in": "query",
                    "description": "The most rows.",
                    "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}
                  }
                ],
                "responses": {
                  "200": {
                    "description": "A page of them.",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Results"}}}
                  },
                  "400": {"$ref": "#/components/responses/BadRequest"},
                  "403": {"$ref": "#/components/responses/Forbidden"},
                  "404": {"$ref": "#/components/responses/NotFound"},
                  "default": {"$ref": "#/components/responses/Other"}
                }
              }
            },
            "/api/openapi.json": {
              "get": {
                "operationId": "getDescription",
                "tags": ["about"],
                "summary": "This description.",
                "responses": {
                  "200": {
                    "description": "It.",
                    "headers": {"ETag": {"$ref": "#/components/headers/ETag"}},
                    "content": {"application/json": {"schema": {"type": "object"}}}
                  },
                  "304": {"description": "The client has it: If-None-Match names it."},
                  "403": {"$ref": "#/components/responses/Forbidden"},
                  "default": {"$ref": "#/components/responses/Other"}
                }
              }
            },
            "/api/admin/login": {
              "post": {
                "operationId": "adminLogin",
                "tags": ["admin"],
                "summary": "Begins a session.",
                "requestBody": {
                  "required": true,
                  "content": {
                    "application/json": {
                      "schema": {
                        "type": "object",
                        "required": ["username", "password"],
                        "properties": {
                          "username": {"type": "string", "maxLength": 128},
                          "password": {"type": "string", "maxLength": 256}
                        },
                        "additionalProperties": true
                      }
                    }
                  }
                },
                "responses": {
                  "200": {
                    "description": "The session, whose token is the bearer of all else.",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/AdminSession"}}}
                  },
                  "400": {"$ref": "#/components/responses/AdminBadRequest"},
                  "401": {"$ref": "#/components/responses/Unauthorized"},
                  "403": {"$ref": "#/components/responses/AdminForbidden"},
                  "default": {"$ref": "#/components/responses/AdminOther"}
                }
              }
            },
            "/api/admin/logout": {
              "post": {
                "operationId": "adminLogout",
                "tags": ["admin"],
                "summary": "Ends the session whose token is shown.",
                "security": [{"admin": []}],
                "responses": {
                  "204": {"description": "It has ended, and its sockets with it."},
                  "401": {"$ref": "#/components/responses/Unauthorized"},
                  "403": {"$ref": "#/components/responses/AdminForbidden"},
                  "default": {"$ref": "#/components/responses/AdminOther"}
                }
              }
            },
            "/api/admin/overview": {
              "get": {
                "operationId": "adminOverview",
                "tags": ["admin"],
                "summary": "Totals, rates, counters and up to 500 lobbies.",
                "description": "For the role viewer and above.",
                "security": [{"admin": []}],
                "parameters": [
                  {
                    "name": "lobbies",
                    "in": "query",
                    "description": "Whether the lobbies are listed one by one; true if left out.",
                    "schema": {"type": "boolean"}
                  }
                ],
                "responses": {
                  "200": {
                    "description": "As admin.md §5 has it.",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/AdminOverview"}}}
                  },
                  "400": {"$ref": "#/components/responses/AdminBadRequest"},
                  "401": {"$ref": "#/components/responses/Unauthorized"},
                  "403": {"$ref": "#/components/responses/AdminForbidden"},
                  "default": {"$ref": "#/components/responses/AdminOther"}
                }
              }
            },
            "/api/admin/timeline": {
              "get": {
                "operationId": "adminTimeline",
                "tags": ["admin"],
                "summary": "What went on in each ten seconds of the last hour.",
                "description": "For the role viewer and above.",
                "security": [{"admin": []}],
                "responses": {
                  "200": {
                    "description": "As admin.md §8 has it.",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/AdminTimeline"}}}
                  },
                  "400": {"$ref": "#/components/responses/AdminBadRequest"},
                  "401": {"$ref": "#/components/responses/Unauthorized"},
                  "403": {"$ref": "#/components/responses/AdminForbidden"},
                  "default": {"$ref": "#/components/responses/AdminOther"}
                }
              }
            },
            "/api/admin/lobbies": {
              "get": {
                "operationId": "adminLobbies",
                "tags": ["admin"],
                "summary": "Lobbies of all kinds, found and in order.",
                "description": "For the role viewer and above.",
                "security": [{"admin": []}],
                "parameters": [
                  {
                    "name": "search",
                    "in": "query",
                    "schema": {
                      "type": "string",
                      "maxLength": 64,
                      "description": "In the id, the title, the game, or a player's name or subject, in any case."
                    }
                  },
                  {
                    "name": "sort",
                    "in": "query",
                    "schema": {
                      "enum": ["id", "players", "lateness", "cpu", "bytes"],
                      "default": "id"
                    }
                  },
                  {
                    "name": "offset",
                    "in": "query",
                    "schema": {"type": "integer", "minimum": 0, "maximum": 100000, "default": 0}
                  },
                  {
                    "name": "limit",
                    "in": "query",
                    "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 50}
                  }
                ],
                "responses": {
                  "200": {
                    "description": "How many there are, and a page of them.",
                    "content": {
                      "application/json": {
                        "schema": {
                          "type": "object",
                          "required": ["count", "lobbies"],
                          "properties": {
                            "count": {"type": "integer", "minimum": 0},
                            "lobbies": {
                              "type": "array",
                              "maxItems": 100,
                              "items": {"$ref": "#/components/schemas/AdminLobby"}
                            }
                          },
                          "additionalProperties": false
                        }
                      }
                    }
                  },
                  "400": {"$ref": "#/components/responses/AdminBadRequest"},
                  "401": {"$ref": "#/components/responses/Unauthorized"},
                  "403": {"$ref": "#/components/responses/AdminForbidden"},
                  "default": {"$ref": "#/components/responses/AdminOther"}
                }
              }
            },
            "/api/admin/lobby": {
              "get": {
                "operationId": "adminLobby",
                "tags": ["admin"],
                "summary": "One lobby with its seats.",
                "description": "For the role viewer and above.",
                "security": [{"admin": []}],
                "parameters": [
                  {
                    "name": "lobby",
                    "in": "query",
                    "required": true,
                    "schema": {"$ref": "#/components/schemas/LobbyID"}
                  }
                ],
                "responses": {
                  "200": {
                    "description": "As admin.md §5 has it.",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/AdminLobbyDetail"}}}
                  },
                  "400": {"$ref": "#/components/responses/AdminBadRequest"},
                  "401": {"$ref": "#/components/responses/Unauthorized"},
                  "403": {"$ref": "#/components/responses/AdminForbidden"},
                  "404": {"$ref": "#/components/responses/AdminNotFound"},
                  "default": {"$ref": "#/components/responses/AdminOther"}
                }
              }
            },
            "/api/admin/events": {
              "get": {
                "operationId": "adminEvents",
                "tags": ["admin"],
                "summary": "What happened to connections and seats, the oldest first.",
                "description": "For the role viewer and above.",
                "security": [{"admin": []}],
                "parameters": [
                  {
                    "name": "after",
                    "in": "query",
                    "schema": {"type": "integer", "minimum": 0}
                  },
                  {
                    "name": "player",
                    "in": "query",
                    "schema": {"type": "string", "maxLength": 128}
                  },
                  {
                    "name": "lobby",
                    "in": "query",
                    "schema": {"$ref": "#/components/schemas/LobbyID"}
                  },
                  {
                    "name": "kind",
                    "in": "query",
                    "schema": {
                      "enum": [
                        "connected",
                        "upgraded",
                        "closed",
                        "ended",
                        "joined",
                        "resumed",
                        "refused",
                        "dropped",
                        "left",
                        "kicked",
                        "banned",
                        "replaced",
                        "expired",
                        "lobby-closed"
                      ]
                    }
                  },
                  {
                    "name": "limit",
                    "in": "query",
                    "schema": {"type": "integer", "minimum": 1, "maximum": 500, "default": 100}
                  }
                ],
                "responses": {
                  "200": {
                    "description": "As admin.md §7 has it.",
                    "content": {
                      "application/json": {
                        "schema": {
                          "type": "object",
                          "required": ["next", "entries"],
                          "properties": {
                            "next": {"type": "integer", "description": "For after, of the next question."},
                            "entries": {
                              "type": "array",
                              "maxItems": 500,
                              "items": {"$ref": "#/components/schemas/JournalEntry"}
                            }
                          },
                          "additionalProperties": false
                        }
                      }
                    }
                  },
                  "400": {"$ref": "#/components/responses/AdminBadRequest"},
                  "401": {"$ref": "#/components/responses/Unauthorized"},
                  "403": {"$ref": "#/components/responses/AdminForbidden"},
                  "default": {"$ref": "#/components/responses/AdminOther"}
                }
              }
            },
            "/api/admin/trace": {
              "get": {
                "operationId": "adminTrace",
                "tags": ["admin"],
                "summary": "All that is known of a player.",
                "description": "For the role moderator and above.",
                "security": [{"admin": []}],
                "parameters": [
                  {
                    "name": "player",
                    "in": "query",
                    "schema": {"type": "string", "maxLength": 128}
                  },
                  {
                    "name": "lobby",
                    "in": "query",
                    "schema": {"$ref": "#/components/schemas/LobbyID"}
                  },
                  {
                    "name": "seat",
                    "in": "query",
                    "schema": {"type": "integer", "minimum": 0, "maximum": 1023}
                  },
                  {
                    "name": "session",
                    "in": "query",
                    "schema": {"type": "integer", "minimum": 1}
                  },
                  {
                    "name": "limit",
                    "in": "query",
                    "schema": {"type": "integer", "minimum": 1, "maximum": 500, "default": 200}
                  }
                ],
                "responses": {
                  "200": {
                    "description": "As admin.md §7 has it.",
                    "content": {
                      "application/json": {
                        "schema": {
                          "type": "object",
                          "required": ["entries"],
                          "properties": {
                            "entries": {
                              "type": "array",
                              "maxItems": 500,
                              "items": {"$ref": "#/components/schemas/JournalEntry"}
                            }
                          },
                          "additionalProperties": false
                        }
                      }
                    }
                  },
                  "400": {"$ref": "#/components/responses/AdminBadRequest"},
                  "401": {"$ref": "#/components/responses/Unauthorized"},
                  "403": {"$ref": "#/components/responses/AdminForbidden"},
                  "default": {"$ref": "#/components/responses/AdminOther"}
                }
              }
            },
            "/api/admin/bans": {
              "get": {
                "operationId": "adminBans",
                "tags": ["admin"],
                "summary": "Whom what keeps out just now.",
                "description": "For the role moderator and above.",
                "security": [{"admin": []}],
                "responses": {
                  "200": {
                    "description": "All of them.",
                    "content": {
                      "application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/AdminBan"}}}
                    }
                  },
                  "400": {"$ref": "#/components/responses/AdminBadRequest"},
                  "401": {"$ref": "#/components/responses/Unauthorized"},
                  "403": {"$ref": "#/components/responses/AdminForbidden"},
                  "default": {"$ref": "#/components/responses/AdminOther"}
                }
              }
            },
            "/api/admin/audit": {
              "get": {
                "operationId": "adminAudit",
                "tags": ["admin"],
                "summary": "What admins did, and were refused, the newest first.",
                "description": "For the role admin.",
                "security": [{"admin": []}],
                "parameters": [
                  {
                    "name": "actor",
                    "in": "query",
                    "schema": {"type": "string", "maxLength": 128}
                  },
                  {
                    "name": "action",
                    "in": "query",
                    "schema": {"type": "string", "maxLength": 64}
                  },
                  {
                    "name": "target",
                    "in": "query",
                    "schema": {"type": "string", "maxLength": 256, "description": "What the target begins with."}
                  },
                  {
                    "name": "outcome",
                    "in": "query",
                    "schema": {"type": "string", "maxLength": 64}
                  },
                  {
                    "name": "since",
                    "in": "query",
                    "schema": {"type": "integer", "minimum": 0, "description": "Milliseconds since 1970."}
                  },
                  {
                    "name": "before",
                    "in": "query",
                    "schema": {"type": "integer", "minimum": 1}
                  },
                  {
                    "name": "limit",
                    "in": "query",
                    "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 50}
                  }
                ],
                "responses": {
                  "200": {
                    "description": "A page.",
                    "content": {
                      "application/json": {
                        "schema": {
                          "type": "object",
                          "required": ["entries", "next"],
                          "properties": {
                            "entries": {
                              "type": "array",
                              "maxItems": 100,
                              "items": {"$ref": "#/components/schemas/AuditEntry"}
                            },
                            "next": {
                              "type": ["integer", "null"],
                              "description": "For before, of the next page."
                            }
                          },
                          "additionalProperties": false
                        }
                      }
                    }
                  },
                  "400": {"$ref": "#/components/responses/AdminBadRequest"},
                  "401": {"$ref": "#/components/responses/Unauthorized"},
                  "403": {"$ref": "#/components/responses/AdminForbidden"},
                  "404": {"$ref": "#/components/responses/AdminNotFound"},
                  "default": {"$ref": "#/components/responses/AdminOther"}
                }
              }
            },
            "/api/admin/users": {
              "get": {
                "operationId": "adminUsers",
                "tags": ["admin"],
                "summary": "Who may log in as admin.",
                "description": "For the role admin.",
                "security": [{"admin": []}],
                "responses": {
                  "200": {
                    "description": "All of them.",
                    "content": {
                      "application/json": {
                        "schema": {
                          "type": "object",
                          "required": ["users"],
                          "properties": {
                            "users": {
                              "type": "array",
                              "items": {
                                "type": "object",
                                "required": ["name", "role", "sessions"],
                                "properties": {
                                  "name": {"type": "string"},
                                  "role": {"$ref": "#/components/schemas/AdminRole"},
                                  "sessions": {"type": "integer", "minimum": 0}
                                },
                                "additionalProperties": false
                              }
                            }
                          },
                          "additionalProperties": false
                        }
                      }
                    }
                  },
                  "400": {"$ref": "#/components/responses/AdminBadRequest"},
                  "401": {"$ref": "#/components/responses/Unauthorized"},
                  "403": {"$ref": "#/components/responses/AdminForbidden"},
                  "default": {"$ref": "#/components/responses/AdminOther"}
                }
              }
            },
            "/api/admin/kick": {
              "post": {
                "operationId": "adminKick",
                "tags": ["admin"],
                "summary": "Takes a seat from its player.",
                "description": "For the role moderator and above.",
                "security": [{"admin": []}],
                "requestBody": {
                  "required": true,
                  "content": {
                    "application/json": {
                      "schema": {
                        "type": "object",
                        "required": ["lobby", "seat"],
                        "properties": {
                          "lobby": {"$ref": "#/components/schemas/LobbyID"},
                          "seat": {"type": "integer", "minimum": 0, "maximum": 1023},
                          "session": {
                            "type": "integer",
                            "minimum": 1,
                            "description": "Only if it still is that session's."
                          },
                          "reason": {
                            "type": "string",
                            "maxLength": 1024,
                            "description": "Why, for the players and the audit log: 100 characters are kept."
                          }
                        },
                        "additionalProperties": false
                      }
                    }
                  }
                },
                "responses": {
                  "200": {
                    "description": "Done.",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Done"}}}
                  },
                  "400": {"$ref": "#/components/responses/AdminBadRequest"},
                  "401": {"$ref": "#/components/responses/Unauthorized"},
                  "403": {"$ref": "#/components/responses/AdminForbidden"},
                  "404": {"$ref": "#/components/responses/AdminNotFound"},
                  "default": {"$ref": "#/components/responses/AdminOther"}
                }
              }
            },
            "/api/admin/end-session": {
              "post": {
                "operationId": "adminEndSession",
                "tags": ["admin"],
                "summary": "Ends a client's connection, whatever it is in. Its seats are kept for the grace time.",
                "description": "For the role moderator and above.",
                "security": [{"admin": []}],
                "requestBody": {
                  "required": true,
                  "content": {
                    "application/json": {
                      "schema": {
                        "type": "object",
                        "required": ["session"],
                        "properties": {
                          "session": {
                            "type": "integer",
                            "minimum": 1,
                            "description": "The number that events and traces know it by."
                          },
                          "reason": {
                            "type": "string",
                            "maxLength": 1024,
                            "description": "Why, for the players and the audit log: 100 characters are kept."
                          }
                        },
                        "additionalProperties": false
                      }
                    }
                  }
                },
                "responses": {
                  "200": {
                    "description": "Done.",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Done"}}}
                  },
                  "400": {"$ref": "#/components/responses/AdminBadRequest"},
                  "401": {"$ref": "#/components/responses/Unauthorized"},
                  "403": {"$ref": "#/components/responses/AdminForbidden"},
                  "404": {"$ref": "#/components/responses/AdminNotFound"},
                  "default": {"$ref": "#/components/responses/AdminOther"}
                }
              }
            },
            "/api/admin/ban": {
              "post": {
                "operationId": "adminBan",
                "tags": ["admin"],
                "summary": "Keeps somebody out: of a seat, a subject, or the guests of an address.",
                "description": "For the role moderator and above.",
                "security": [{"admin": []}],
                "requestBody": {
                  "required": false,
                  "content": {
                    "application/json": {
                      "schema": {
                        "type": "object",
                        "properties": {
                          "lobby": {"$ref": "#/components/schemas/LobbyID"},
                          "seat": {"type": "integer", "minimum": 0, "maximum": 1023},
                          "subject": {"type": "string", "maxLength": 128},
                          "address": {"type": "string", "maxLength": 64},
                          "seconds": {
                            "type": "integer",
                            "minimum": 1,
                            "maximum": 315360000,
                            "description": "For good if left out."
                          },
                          "everywhere": {"type": "boolean", "default": false},
                          "reason": {
                            "type": "string",
                            "maxLength": 1024,
                            "description": "Why, for the players and the audit log: 100 characters are kept."
                          }
                        },
                        "additionalProperties": false
                      }
                    }
                  }
                },
                "responses": {
                  "200": {
                    "description": "Done.",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Done"}}}
                  },
                  "400": {"$ref": "#/components/responses/AdminBadRequest"},
                  "401": {"$ref": "#/components/responses/Unauthorized"},
                  "403": {"$ref": "#/components/responses/AdminForbidden"},
                  "404": {"$ref": "#/components/responses/AdminNotFound"},
                  "default": {"$ref": "#/components/responses/AdminOther"}
                }
              }
            },
            "/api/admin/unban": {
              "post": {
                "operationId": "adminUnban",
                "tags": ["admin"],
                "summary": "Lets somebody in again.",
                "description": "For the role moderator and above.",
                "security": [{"admin": []}],
                "requestBody": {
                  "required": false,
                  "content": {
                    "application/json": {
                      "schema": {
                        "type": "object",
                        "properties": {
                          "lobby": {"$ref": "#/components/schemas/LobbyID"},
                          "subject": {"type": "string", "maxLength": 128},
                          "address": {"type": "string", "maxLength": 64},
                          "reason": {
                            "type": "string",
                            "maxLength": 1024,
                            "description": "Why, for the players and the audit log: 100 characters are kept."
                          }
                        },
                        "additionalProperties": false
                      }
                    }
                  }
                },
                "responses": {
                  "200": {
                    "description": "Done.",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Done"}}}
                  },
                  "400": {"$ref": "#/components/responses/AdminBadRequest"},
                  "401": {"$ref": "#/components/responses/Unauthorized"},
                  "403": {"$ref": "#/components/responses/AdminForbidden"},
                  "404": {"$ref": "#/components/responses/AdminNotFound"},
                  "default": {"$ref": "#/components/responses/AdminOther"}
                }
              }
            },
            "/api/admin/mute": {
              "post": {
                "operationId": "adminMute",
                "tags": ["admin"],
                "summary": "Keeps a player from talking; 0 seconds end it.",
                "description": "For the role moderator and above.",
                "security": [{"admin": []}],
                "requestBody": {
                  "required": true,
                  "content": {
                    "application/json": {
                      "schema": {
                        "type": "object",
                        "required": ["lobby", "seat", "seconds"],
                        "properties": {
                          "lobby": {"$ref": "#/components/schemas/LobbyID"},
                          "seat": {"type": "integer", "minimum": 0, "maximum": 1023},
                          "seconds": {"type": "integer", "minimum": 0, "maximum": 86400},
                          "reason": {
                            "type": "string",
                            "maxLength": 1024,
                            "description": "Why, for the players and the audit log: 100 characters are kept."
                          }
                        },
                        "additionalProperties": false
                      }
                    }
                  }
                },
                "responses": {
                  "200": {
                    "description": "Done.",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Done"}}}
                  },
                  "400": {"$ref": "#/components/responses/AdminBadRequest"},
                  "401": {"$ref": "#/components/responses/Unauthorized"},
                  "403": {"$ref": "#/components/responses/AdminForbidden"},
                  "404": {"$ref": "#/components/responses/AdminNotFound"},
                  "default": {"$ref": "#/components/responses/AdminOther"}
                }
              }
            },
            "/api/admin/message": {
              "post": {
                "operationId": "adminMessage",
                "tags": ["admin"],
                "summary": "Says something to a seat, a lobby, or everybody in all lobbies.",
                "description": "For the role moderator and above.",
                "security": [{"admin": []}],
                "requestBody": {
                  "required": true,
                  "content": {
                    "application/json": {
                      "schema": {
                        "type": "object",
                        "required": ["text"],
                        "properties": {
                          "lobby": {"$ref": "#/components/schemas/LobbyID"},
                          "seat": {"type": "integer", "minimum": 0, "maximum": 1023},
                          "text": {"type": "string", "maxLength": 1024, "minLength": 1},
                          "reason": {
                            "type": "string",
                            "maxLength": 1024,
                            "description": "Why, for the players and the audit log: 100 characters are kept."
                          }
                        },
                        "additionalProperties": false
                      }
                    }
                  }
                },
                "responses": {
                  "200": {
                    "description": "Done.",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Done"}}}
                  },
                  "400": {"$ref": "#/components/responses/AdminBadRequest"},
                  "401": {"$ref": "#/components/responses/Unauthorized"},
                  "403": {"$ref": "#/components/responses/AdminForbidden"},
                  "404": {"$ref": "#/components/responses/AdminNotFound"},
                  "default": {"$ref": "#/components/responses/AdminOther"}
                }
              }
            },
            "/api/admin/lock": {
              "post": {
                "operationId": "adminLock",
                "tags": ["admin"],
                "summary": "Lets nobody new into a lobby, or lets them in again.",
                "description": "For the role moderator and above.",
                "security": [{"admin": []}],
                "requestBody": {
                  "required": true,
                  "content": {
                    "application/json": {
                      "schema": {
                        "type": "object",
                        "required": ["lobby"],
                        "properties": {
                          "lobby": {"$ref": "#/components/schemas/LobbyID"},
                          "locked": {"type": "boolean", "default": true},
                          "reason": {
                            "type": "string",
                            "maxLength": 1024,
                            "description": "Why, for the players and the audit log: 100 characters are kept."
                          }
                        },
                        "additionalProperties": false
                      }
                    }
                  }
                },
                "responses": {
                  "200": {
                    "description": "Done.",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Done"}}}
                  },
                  "400": {"$ref": "#/components/responses/AdminBadRequest"},
                  "401": {"$ref": "#/components/responses/Unauthorized"},
                  "403": {"$ref": "#/components/responses/AdminForbidden"},
                  "404": {"$ref": "#/components/responses/AdminNotFound"},
                  "default": {"$ref": "#/components/responses/AdminOther"}
                }
              }
            },
            "/api/admin/pause": {
              "post": {
                "operationId": "adminPause",
                "tags": ["admin"],
                "summary": "Holds a lobby still, or lets it go on.",
                "description": "For the role moderator and above.",
                "security": [{"admin": []}],
                "requestBody": {
                  "required": true,
                  "content": {
                    "application/json": {
                      "schema": {
                        "type": "object",
                        "required": ["lobby"],
                        "properties": {
                          "lobby": {"$ref": "#/components/schemas/LobbyID"},
                          "paused": {"type": "boolean", "default": true},
                          "reason": {
                            "type": "string",
                            "maxLength": 1024,
                            "description": "Why, for the players and the audit log: 100 characters are kept."
                          }
                        },
                        "additionalProperties": false
                      }
                    }
                  }
                },
                "responses": {
                  "200": {
                    "description": "Done.",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Done"}}}
                  },
                  "400": {"$ref": "#/components/responses/AdminBadRequest"},
                  "401": {"$ref": "#/components/responses/Unauthorized"},
                  "403": {"$ref": "#/components/responses/AdminForbidden"},
                  "404": {"$ref": "#/components/responses/AdminNotFound"},
                  "default": {"$ref": "#/components/responses/AdminOther"}
                }
              }
            },
            "/api/admin/step": {
              "post": {
                "operationId": "adminStep",
                "tags": ["admin"],
                "summary": "Lets a paused lobby run some steps.",
                "description": "For the role moderator and above.",
                "security": [{"admin": []}],
                "requestBody": {
                  "required": true,
                  "content": {
                    "application/json": {
                      "schema": {
                        "type": "object",
                        "required": ["lobby"],
                        "properties": {
                          "lobby": {"$ref": "#/components/schemas/LobbyID"},
                          "steps": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 1},
                          "reason": {
                            "type": "string",
                            "maxLength": 1024,
                            "description": "Why, for the players and the audit log: 100 characters are kept."
                          }
                        },
                        "additionalProperties": false
                      }
                    }
                  }
                },
                "responses": {
                  "200": {
                    "description": "Done.",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Done"}}}
                  },
                  "400": {"$ref": "#/components/responses/AdminBadRequest"},
                  "401": {"$ref": "#/components/responses/Unauthorized"},
                  "403": {"$ref": "#/components/responses/AdminForbidden"},
                  "404": {"$ref": "#/components/responses/AdminNotFound"},
                  "409": {"$ref": "#/components/responses/AdminConflict"},
                  "default": {"$ref": "#/components/responses/AdminOther"}
                }
              }
            },
            "/api/admin/clear": {
              "post": {
                "operationId": "adminClear",
                "tags": ["admin"],
                "summary": "Throws out everybody who has a seat; the lobby stays.",
                "description": "For the role moderator and above; without a lobby it is about all lobbies, and for the role admin.",
                "security": [{"admin": []}],
                "requestBody": {
                  "required": true,
                  "content": {
                    "application/json": {
                      "schema": {
                        "type": "object",
                        "properties": {
                          "lobby": {"$ref": "#/components/schemas/LobbyID"},
                          "reason": {
                            "type": "string",
                            "maxLength": 1024,
                            "description": "Why, for the players and the audit log: 100 characters are kept."
                          }
                        },
                        "additionalProperties": false
                      }
                    }
                  }
                },
                "responses": {
                  "200": {
                    "description": "Done.",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Done"}}}
                  },
                  "400": {"$ref": "#/components/responses/AdminBadRequest"},
                  "401": {"$ref": "#/components/responses/Unauthorized"},
                  "403": {"$ref": "#/components/responses/AdminForbidden"},
                  "404": {"$ref": "#/components/responses/AdminNotFound"},
                  "default": {"$ref": "#/components/responses/AdminOther"}
                }
              }
            },
            "/api/admin/close-lobby": {
              "post": {
                "operationId": "adminCloseLobby",
                "tags": ["admin"],
                "summary": "Ends a lobby.",
                "description": "For the role moderator and above.",
                "security": [{"admin": []}],
                "requestBody": {
                  "required": true,
                  "content": {
                    "application/json": {
                      "schema": {
                        "type": "object",
                        "required": ["lobby"],
                        "properties": {
                          "lobby": {"$ref": "#/components/schemas/LobbyID"},
                          "reason": {
                            "type": "string",
                            "maxLength": 1024,
                            "description": "Why, for the players and the audit log: 100 characters are kept."
                          }
                        },
                        "additionalProperties": false
                      }
                    }
                  }
                },
                "responses": {
                  "200": {
                    "description": "Done.",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Done"}}}
                  },
                  "400": {"$ref": "#/components/responses/AdminBadRequest"},
                  "401": {"$ref": "#/components/responses/Unauthorized"},
                  "403": {"$ref": "#/components/responses/AdminForbidden"},
                  "404": {"$ref": "#/components/responses/AdminNotFound"},
                  "default": {"$ref": "#/components/responses/AdminOther"}
                }
              }
            },
            "/api/admin/season": {
              "post": {
                "operationId": "adminSeason",
                "tags": ["admin"],
                "summary": "Begins a season of the leaderboards, or says which it is.",
                "description": "For the role admin.",
                "security": [{"admin": []}],
                "requestBody": {
                  "required": false,
                  "content": {
                    "application/json": {
                      "schema": {
                        "type": "object",
                        "properties": {
                          "season": {"type": "string", "maxLength": 64},
                          "reason": {
                            "type": "string",
                            "maxLength": 1024,
                            "description": "Why, for the players and the audit log: 100 characters are kept."
                          }
                        },
                        "additionalProperties": false
                      }
                    }
                  }
                },
                "responses": {
                  "200": {
                    "description": "Begun; or, where none is named, which it is.",
                    "content": {
                      "application/json": {
                        "schema": {
                          "anyOf": [
                            {"$ref": "#/components/schemas/Done"},
                            {
                              "type": "object",
                              "required": ["season"],
                              "properties": {"season": {"type": "string"}},
                              "additionalProperties": false
                            }
                          ]
                        }
                      }
                    }
                  },
                  "400": {"$ref": "#/components/responses/AdminBadRequest"},
                  "401": {"$ref": "#/components/responses/Unauthorized"},
                  "403": {"$ref": "#/components/responses/AdminForbidden"},
                  "404": {"$ref": "#/components/responses/AdminNotFound"},
                  "409": {"$ref": "#/components/responses/AdminConflict"},
                  "default": {"$ref": "#/components/responses/AdminOther"}
                }
              }
            },
            "/api/admin/drain": {
              "post": {
                "operationId": "adminDrain",
                "tags": ["admin"],
                "summary": "Takes no new players, and ends when the last have gone.",
                "description": "For the role admin.",
                "security": [{"admin": []}],
                "requestBody": {
                  "required": false,
                  "content": {
                    "application/json": {
                      "schema": {
                        "type": "object",
                        "properties": {
                          "reason": {
                            "type": "string",
                            "maxLength": 1024,
                            "description": "Why, for the players and the audit log: 100 characters are kept."
                          }
                        },
                        "additionalProperties": false
                      }
                    }
                  }
                },
                "responses": {
                  "200": {
                    "description": "Done.",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Done"}}}
                  },
                  "400": {"$ref": "#/components/responses/AdminBadRequest"},
                  "401": {"$ref": "#/components/responses/Unauthorized"},
                  "403": {"$ref": "#/components/responses/AdminForbidden"},
                  "409": {"$ref": "#/components/responses/AdminConflict"},
                  "default": {"$ref": "#/components/responses/AdminOther"}
                }
              }
            }
          },
          "components": {
            "securitySchemes": {"admin": {"type": "http", "scheme": "bearer", "description": "The token of adminLogin."}},
            "parameters": {
              "Lobby": {
                "name": "id",
                "in": "path",
                "required": true,
                "description": "The lobby's id, or its code.",
                "schema": {"$ref": "#/components/schemas/LobbyID"}
              },
              "LobbyOrWord": {
                "name": "id",
                "in": "path",
                "required": true,
                "description": "An id, or a code; ~quick: the fullest that has room; ~new: a new one.",
                "schema": {"anyOf": [{"$ref": "#/components/schemas/LobbyID"}, {"enum": ["~quick", "~new"]}]}
              },
              "Place": {
                "name": "id",
                "in": "path",
                "required": true,
                "description": "What entering the queue has told. It is a secret.",
                "schema": {"type": "string", "minLength": 1, "maxLength": 64}
              }
            },
            "headers": {
              "ETag": {"description": "For If-None-Match.", "schema": {"type": "string"}},
              "Location": {
                "description": "Where the new thing is.",
                "schema": {"type": "string", "format": "uri-reference"}
              },
              "RetryAfter": {
                "description": "In how many seconds it may go.",
                "schema": {"type": "integer", "minimum": 0}
              }
            },
            "responses": {
              "BadRequest": {
                "description": "Something is wrong with the request; the text says what.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}
              },
              "Forbidden": {
                "description": "A page of this origin may not ask, or this player may not come in.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}
              },
              "NotFound": {
                "description": "There is no such thing.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}
              },
              "Conflict": {
                "description": "The lobby is full, locked, or open already.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}
              },
              "Gone": {
                "description": "Nobody was found in time who fits.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}
              },
              "TooLong": {"description": "The body is too long; the connection closes."},
              "Compressed": {"description": "The body is compressed, which none may be; the connection closes."},
              "GameFailed": {
                "description": "The game could not start with these options.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}
              },
              "TooMany": {
                "description": "Too often in a short time, or too many are open already.",
                "headers": {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}},
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}
              },
              "Unavailable": {
                "description": "The server is full, or shuts down.",
                "headers": {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}},
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}
              },
              "Other": {
                "description": "Any other refusal.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}
              },
              "AdminBadRequest": {
                "description": "What was sent is not what the verb takes; the text says why.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/AdminRefusal"}}}
              },
              "AdminForbidden": {
                "description": "It is for a higher role, or a page of this origin may not ask.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/AdminRefusal"}}}
              },
              "AdminNotFound": {
                "description": "The target is gone, or the server has no storage.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/AdminRefusal"}}}
              },
              "AdminConflict": {
                "description": "It cannot be done as things stand.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/AdminRefusal"}}}
              },
              "AdminOther": {
                "description": "Any other refusal.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/AdminRefusal"}}}
              },
              "Unauthorized": {
                "description": "No session: log in.",
                "headers": {"WWW-Authenticate": {"schema": {"const": "Bearer"}}},
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/AdminRefusal"}}}
              }
            },
            "schemas": {
              "LobbyID": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
              "Refusal": {
                "type": "object",
                "required": ["error"],
                "properties": {
                  "error": {"type": "string", "minLength": 1},
                  "code": {
                    "type": "integer",
                    "minimum": 4000,
                    "maximum": 4999,
                    "description": "As the game socket would close with (websocket.md §5)."
                  }
                },
                "additionalProperties": false
              },
              "Metadata": {
                "type": "object",
                "maxProperties": 16,
                "propertyNames": {"maxLength": 32},
                "additionalProperties": {"type": ["boolean", "integer", "string"], "maxLength": 128}
              },
              "Terms": {
                "type": "object",
                "properties": {
                  "title": {"type": "string"},
                  "listed": {"type": "boolean", "default": true},
                  "password": {"type": "string", "minLength": 1, "maxLength": 128},
                  "players": {"type": "integer", "minimum": 1},
                  "teams": {"type": "integer", "minimum": 2},
                  "metadata": {"$ref": "#/components/schemas/Metadata"},
                  "watchers": {"type": "integer", "minimum": 0, "maximum": 1000000},
                  "delay": {"type": "integer", "minimum": 0, "maximum": 300}
                },
                "additionalProperties": false
              },
              "Opening": {
                "type": "object",
                "properties": {
                  "game": {"type": "string", "description": "The server's default game if left out."},
                  "options": {"description": "For the game."},
                  "lobby": {"$ref": "#/components/schemas/Terms"},
                  "jwt": {
                    "type": "string",
                    "maxLength": 4096,
                    "description": "Who it is that asks, where the server takes JWTs."
                  }
                },
                "description": "What opens a lobby."
              },
              "OpenLobby": {
                "allOf": [
                  {"$ref": "#/components/schemas/Opening"},
                  {
                    "type": "object",
                    "properties": {
                      "id": {"$ref": "#/components/schemas/LobbyID", "description": "A code if left out."}
                    }
                  }
                ]
              },
              "KeepSeats": {
                "allOf": [
                  {"$ref": "#/components/schemas/Opening"},
                  {
                    "type": "object",
                    "properties": {
                      "count": {"type": "integer", "minimum": 1, "maximum": 16, "default": 1},
                      "players": {
                        "type": "array",
                        "minItems": 1,
                        "maxItems": 16,
                        "description": "In place of count.",
                        "items": {
                          "type": "object",
                          "properties": {
                            "name": {"type": "string"},
                            "subject": {
                              "type": "string",
                              "minLength": 1,
                              "maxLength": 128,
                              "description": "Who alone may use the ticket."
                            }
                          },
                          "additionalProperties": false
                        }
                      },
                      "password": {"type": "string", "minLength": 1, "maxLength": 256},
                      "filter": {
                        "$ref": "#/components/schemas/Metadata",
                        "description": "For ~quick: what the lobby's metadata must have."
                      }
                    }
                  }
                ]
              },
              "EnterQueue": {
                "type": "object",
                "properties": {
                  "game": {"type": "string"},
                  "filter": {"$ref": "#/components/schemas/Metadata"},
                  "jwt": {"type": "string", "maxLength": 4096},
                  "match": {
                    "type": "object",
                    "properties": {
                      "rank": {"type": "integer", "minimum": 0, "maximum": 1000000, "default": 0},
                      "players": {"type": "integer", "minimum": 1},
                      "party": {
                        "type": "object",
                        "required": ["code", "size"],
                        "properties": {
                          "code": {"type": "string", "minLength": 8, "maxLength": 64},
                          "size": {"type": "integer", "minimum": 1}
                        }
                      }
                    }
                  }
                }
              },
              "LobbyRow": {
                "type": "object",
                "required": ["id", "game", "players", "seats"],
                "properties": {
                  "id": {"$ref": "#/components/schemas/LobbyID"},
                  "game": {"type": "string", "minLength": 1},
                  "players": {"type": "integer", "minimum": 0, "description": "Seats that are taken."},
                  "seats": {"type": "integer", "minimum": 1, "description": "Seats that can be."},
                  "title": {"type": "string", "minLength": 1},
                  "metadata": {"$ref": "#/components/schemas/Metadata"},
                  "password": {"const": true},
                  "locked": {"const": true}
                },
                "additionalProperties": false
              },
              "Lobby": {
                "type": "object",
                "required": ["id", "game", "tickRate", "players", "seats", "rules", "tick", "state"],
                "properties": {
                  "id": {"$ref": "#/components/schemas/LobbyID"},
                  "game": {"type": "string", "minLength": 1},
                  "tickRate": {"type": "integer", "minimum": 1, "maximum": 128},
                  "players": {"type": "integer", "minimum": 0},
                  "seats": {
                    "type": "array",
                    "items": {
                      "type": "object",
                      "required": ["seat", "name", "connected"],
                      "properties": {
                        "seat": {"type": "integer", "minimum": 0},
                        "name": {"type": "string"},
                        "connected": {"type": "boolean"}
                      },
                      "additionalProperties": false
                    }
                  },
                  "rules": {
                    "type": "object",
                    "required": ["tickRate", "snapshotRate", "seats", "graceSeconds", "maxTicksAhead"],
                    "properties": {
                      "tickRate": {"type": "integer", "minimum": 1, "maximum": 128},
                      "snapshotRate": {"type": "integer", "minimum": 1, "maximum": 128},
                      "seats": {"type": "integer", "minimum": 1, "maximum": 1024},
                      "graceSeconds": {"type": "number"},
                      "maxTicksAhead": {"type": "integer", "minimum": 0}
                    },
                    "additionalProperties": false
                  },
                  "tick": {"type": "integer", "minimum": 0},
                  "state": {
                    "type": ["object", "null"],
                    "description": "By the game's schema; null before the first snapshot."
                  }
                },
                "additionalProperties": false
              },
              "Tickets": {
                "type": "object",
                "required": ["lobby", "seconds", "tickets"],
                "properties": {
                  "lobby": {"$ref": "#/components/schemas/LobbyID"},
                  "seconds": {"type": "integer", "minimum": 1, "description": "For how long they are kept."},
                  "tickets": {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": 16,
                    "items": {
                      "type": "object",
                      "required": ["seat", "ticket"],
                      "properties": {
                        "seat": {"type": "integer", "minimum": 0},
                        "ticket": {"type": "string", "minLength": 1, "maxLength": 1024}
                      },
                      "additionalProperties": false
                    }
                  }
                },
                "additionalProperties": false
              },
              "Place": {"oneOf": [{"$ref": "#/components/schemas/Queued"}, {"$ref": "#/components/schemas/Found"}]},
              "Queued": {
                "type": "object",
                "required": ["id", "state", "game", "players", "seconds"],
                "properties": {
                  "id": {"type": "string", "minLength": 1, "maxLength": 64},
                  "state": {"const": "queued"},
                  "game": {"type": "string", "minLength": 1},
                  "players": {"type": "integer", "minimum": 1},
                  "seconds": {"type": "integer", "minimum": 1, "description": "How long it waits in all."},
                  "party": {
                    "type": "object",
                    "required": ["size", "here"],
                    "properties": {
                      "size": {"type": "integer", "minimum": 1},
                      "here": {"type": "integer", "minimum": 0}
                    },
                    "additionalProperties": false
                  }
                },
                "additionalProperties": false
              },
              "Found": {
                "type": "object",
                "required": ["id", "state", "lobby", "seat", "ticket"],
                "properties": {
                  "id": {"type": "string", "minLength": 1, "maxLength": 64},
                  "state": {"const": "found"},
                  "lobby": {"$ref": "#/components/schemas/LobbyID"},
                  "seat": {"type": "integer", "minimum": 0},
                  "team": {"type": "integer", "minimum": 0},
                  "ticket": {"type": "string", "minLength": 1, "maxLength": 1024}
                },
                "additionalProperties": false
              },
              "Leaderboard": {
                "type": "object",
                "required": ["game", "season", "order", "players", "rows"],
                "properties": {
                  "game": {"type": "string", "minLength": 1},
                  "season": {"type": "string"},
                  "order": {"enum": ["best", "sum", "least"]},
                  "players": {"type": "integer", "minimum": 0},
                  "rows": {
                    "type": "array",
                    "maxItems": 100,
                    "items": {
                      "type": "object",
                      "required": ["rank", "name", "guest", "score", "matches"],
                      "properties": {
                        "rank": {"type": "integer", "minimum": 1},
                        "name": {"type": "string"},
                        "guest": {"type": "boolean"},
                        "score": {"type": "integer"},
                        "matches": {"type": "integer", "minimum": 1}
                      },
                      "additionalProperties": false
                    }
                  }
                },
                "additionalProperties": false
              },
              "Results": {
                "type": "object",
                "required": ["results", "next"],
                "properties": {
                  "results": {"type": "array", "maxItems": 100, "items": {"$ref": "#/components/schemas/Result"}},
                  "next": {"type": ["integer", "null"]}
                },
                "additionalProperties": false
              },
              "Result": {
                "type": "object",
                "required": ["id", "game", "lobby", "season", "startedAt", "endedAt", "players", "result"],
                "properties": {
                  "id": {"type": "string", "minLength": 1},
                  "game": {"type": "string", "minLength": 1},
                  "lobby": {"$ref": "#/components/schemas/LobbyID"},
                  "season": {"type": "string"},
                  "startedAt": {"type": "integer", "minimum": 0, "description": "Milliseconds since 1970."},
                  "endedAt": {"type": "integer", "minimum": 0},
                  "players": {
                    "type": "array",
                    "items": {
                      "type": "object",
                      "required": ["seat", "name"],
                      "properties": {
                        "seat": {"type": "integer", "minimum": 0},
                        "name": {"type": "string"},
                        "score": {"type": "integer"},
                        "team": {"type": "integer", "minimum": 0}
                      },
                      "additionalProperties": false
                    }
                  },
                  "result": {"description": "As the game has said it."}
                },
                "additionalProperties": false
              },
              "AdminRole": {"enum": ["viewer", "moderator", "admin"]},
              "AdminRefusal": {
                "type": "object",
                "required": ["error"],
                "properties": {
                  "error": {"type": "string", "minLength": 1},
                  "code": {"type": "string", "pattern": "^[a-z]+(-[a-z]+)*$", "description": "admin.md §4.3"}
                },
                "additionalProperties": false
              },
              "Done": {
                "type": "object",
                "required": ["ok"],
                "properties": {"ok": {"const": true}},
                "additionalProperties": false
              },
              "AdminSession": {
                "type": "object",
                "required": ["user", "role", "seconds", "token"],
                "properties": {
                  "user": {"type": "string"},
                  "role": {"$ref": "#/components/schemas/AdminRole"},
                  "seconds": {"type": "integer", "minimum": 0, "description": "Until it ends."},
                  "token": {"type": "string", "pattern": "^[A-Za-z0-9_-]{43}$"}
                },
                "additionalProperties": false
              },
              "AdminTimeline": {
                "type": "object",
                "required": [
                  "seconds",
                  "room",
                  "connections",
                  "lobbies",
                  "players",
                  "bytesIn",
                  "bytesOut",
                  "messagesIn",
                  "snapshotsSent",
                  "snapshotsSkipped",
                  "stepsDropped",
                  "drops",
                  "latenessMilliseconds"
                ],
                "properties": {
                  "seconds": {"type": "number"},
                  "room": {"type": "integer"},
                  "connections": {"type": "array", "maxItems": 360, "items": {"type": "integer", "minimum": 0}},
                  "lobbies": {"type": "array", "maxItems": 360, "items": {"type": "integer", "minimum": 0}},
                  "players": {"type": "array", "maxItems": 360, "items": {"type": "integer", "minimum": 0}},
                  "bytesIn": {"type": "array", "maxItems": 360, "items": {"type": "number", "minimum": 0}},
                  "bytesOut": {"type": "array", "maxItems": 360, "items": {"type": "number", "minimum": 0}},
                  "messagesIn": {"type": "array", "maxItems": 360, "items": {"type": "number", "minimum": 0}},
                  "snapshotsSent": {"type": "array", "maxItems": 360, "items": {"type": "number", "minimum": 0}},
                  "snapshotsSkipped": {"type": "array", "maxItems": 360, "items": {"type": "number", "minimum": 0}},
                  "stepsDropped": {"type": "array", "maxItems": 360, "items": {"type": "number", "minimum": 0}},
                  "drops": {"type": "array", "maxItems": 360, "items": {"type": "number", "minimum": 0}},
                  "latenessMilliseconds": {
                    "type": "object",
                    "required": ["p50", "p99", "max"],
                    "properties": {
                      "p50": {"type": "array", "maxItems": 360, "items": {"type": ["number", "null"]}},
                      "p99": {"type": "array", "maxItems": 360, "items": {"type": ["number", "null"]}},
                      "max": {"type": "array", "maxItems": 360, "items": {"type": ["number", "null"]}}
                    },
                    "additionalProperties": false
                  }
                },
                "additionalProperties": false
              },
              "AdminOverview": {
                "type": "object",
                "required": [
                  "uptimeSeconds",
                  "draining",
                  "connections",
                  "lobbyCount",
                  "seats",
                  "watchers",
                  "subscribers",
                  "perSecond",
                  "tickLatenessMilliseconds",
                  "counters",
                  "loops",
                  "season",
                  "lobbies"
                ],
                "properties": {
                  "uptimeSeconds": {"type": "number"},
                  "draining": {"type": "boolean"},
                  "connections": {"type": "integer", "minimum": 0},
                  "lobbyCount": {"type": "integer", "minimum": 0},
                  "seats": {
                    "type": "object",
                    "required": ["taken", "connected", "total"],
                    "properties": {
                      "taken": {"type": "integer", "minimum": 0},
                      "connected": {"type": "integer", "minimum": 0},
                      "total": {"type": "integer", "minimum": 0}
                    },
                    "additionalProperties": false
                  },
                  "watchers": {"type": "integer", "minimum": 0},
                  "subscribers": {"type": "integer", "minimum": 0},
                  "perSecond": {
                    "type": "object",
                    "required": ["bytesIn", "bytesOut", "steps"],
                    "properties": {
                      "bytesIn": {"type": "integer"},
                      "bytesOut": {"type": "integer"},
                      "steps": {"type": "integer"}
                    },
                    "additionalProperties": false
                  },
                  "tickLatenessMilliseconds": {
                    "type": "object",
                    "required": ["count", "p50", "p99", "p999", "max"],
                    "properties": {
                      "count": {"type": "integer", "minimum": 0},
                      "p50": {"type": "number"},
                      "p99": {"type": "number"},
                      "p999": {"type": "number"},
                      "max": {"type": "number"}
                    },
                    "additionalProperties": false
                  },
                  "counters": {
                    "type": "object",
                    "additionalProperties": {"type": "integer", "minimum": 0}
                  },
                  "loops": {
                    "type": "array",
                    "items": {"type": "object"}
                  },
                  "season": {"type": ["string", "null"]},
                  "lobbies": {
                    "type": "array",
                    "maxItems": 500,
                    "items": {"$ref": "#/components/schemas/AdminLobby"}
                  }
                },
                "additionalProperties": false
              },
              "AdminLobby": {
                "type": "object",
                "required": [
                  "id",
                  "game",
                  "listed",
                  "loop",
                  "phase",
                  "players",
                  "connected",
                  "seats",
                  "watchers",
                  "tick",
                  "tickRate",
                  "stepsDropped",
                  "paused",
                  "latenessMilliseconds",
                  "snapshotBytesPerSecond",
                  "cpuPercent"
                ],
                "properties": {
                  "id": {"$ref": "#/components/schemas/LobbyID"},
                  "game": {"type": "string"},
                  "title": {"type": "string"},
                  "metadata": {"$ref": "#/components/schemas/Metadata"},
                  "password": {"const": true},
                  "locked": {"const": true},
                  "listed": {"type": "boolean"},
                  "loop": {"type": "integer", "minimum": 0},
                  "phase": {"enum": ["waiting", "starting", "running", "finished", "over"]},
                  "players": {"type": "integer", "minimum": 0},
                  "connected": {"type": "integer", "minimum": 0},
                  "seats": {"type": "integer", "minimum": 0},
                  "watchers": {"type": "integer", "minimum": 0},
                  "tick": {"type": "integer", "minimum": 0},
                  "tickRate": {"type": "integer", "minimum": 1},
                  "stepsDropped": {"type": "integer", "minimum": 0},
                  "paused": {"type": "boolean"},
                  "pause": {"$ref": "#/components/schemas/AdminPause"},
                  "latenessMilliseconds": {
                    "type": "object",
                    "required": ["mean", "max"],
                    "properties": {
                      "mean": {"type": "number"},
                      "max": {"type": "number"}
                    },
                    "additionalProperties": false
                  },
                  "snapshotBytesPerSecond": {"type": "integer", "minimum": 0},
                  "cpuPercent": {"type": "number", "minimum": 0}
                },
                "additionalProperties": false
              },
              "AdminPause": {
                "type": "object",
                "required": ["by", "reason", "seconds"],
                "properties": {
                  "by": {"type": "string"},
                  "reason": {"type": "string"},
                  "seconds": {"type": "number", "minimum": 0}
                },
                "additionalProperties": false
              },
              "AdminLobbyDetail": {
                "type": "object",
                "required": [
                  "id",
                  "game",
                  "listed",
                  "loop",
                  "phase",
                  "players",
                  "connected",
                  "seats",
                  "watchers",
                  "tick",
                  "tickRate",
                  "stepsDropped",
                  "paused",
                  "latenessMilliseconds",
                  "snapshotBytesPerSecond",
                  "cpuPercent",
                  "snapshotRate",
                  "round",
                  "seatRows"
                ],
                "properties": {
                  "id": {"$ref": "#/components/schemas/LobbyID"},
                  "game": {"type": "string"},
                  "title": {"type": "string"},
                  "metadata": {"$ref": "#/components/schemas/Metadata"},
                  "password": {"const": true},
                  "locked": {"const": true},
                  "listed": {"type": "boolean"},
                  "loop": {"type": "integer", "minimum": 0},
                  "phase": {"enum": ["waiting", "starting", "running", "finished", "over"]},
                  "players": {"type": "integer", "minimum": 0},
                  "connected": {"type": "integer", "minimum": 0},
                  "seats": {"type": "integer", "minimum": 0},
                  "watchers": {"type": "integer", "minimum": 0},
                  "tick": {"type": "integer", "minimum": 0},
                  "tickRate": {"type": "integer", "minimum": 1},
                  "stepsDropped": {"type": "integer", "minimum": 0},
                  "paused": {"type": "boolean"},
                  "pause": {"$ref": "#/components/schemas/AdminPause"},
                  "latenessMilliseconds": {
                    "type": "object",
                    "required": ["mean", "max"],
                    "properties": {
                      "mean": {"type": "number"},
                      "max": {"type": "number"}
                    },
                    "additionalProperties": false
                  },
                  "snapshotBytesPerSecond": {"type": "integer", "minimum": 0},
                  "cpuPercent": {"type": "number", "minimum": 0},
                  "snapshotRate": {"type": "integer", "minimum": 1},
                  "round": {"type": "integer", "minimum": 0},
                  "host": {"type": "integer", "minimum": 0},
                  "seatRows": {
                    "type": "array",
                    "items": {
                      "type": "object",
                      "required": ["seat", "name", "state", "resumes", "inputsWaiting"],
                      "properties": {
                        "seat": {"type": "integer", "minimum": 0},
                        "name": {"type": "string"},
                        "state": {"enum": ["reserved", "connected", "dropped"]},
                        "resumes": {"type": "integer", "minimum": 0},
                        "inputsWaiting": {"type": "integer", "minimum": 0},
                        "secondsLeft": {"type": "number"},
                        "team": {"type": "integer", "minimum": 0},
                        "role": {"type": "string"},
                        "subject": {"type": "string"},
                        "mutedSeconds": {"type": "integer", "minimum": 0},
                        "transport": {"enum": ["websocket", "polling"]},
                        "dialect": {"enum": ["plain", "compact", "socketio"]},
                        "codec": {"enum": [0, 1]},
                        "queuedBytes": {"type": "integer", "minimum": 0},
                        "address": {"type": "string"},
                        "roundTripMilliseconds": {"type": "number"},
                        "inputEarlyTicks": {"type": "integer"},
                        "snapshotAgeMilliseconds": {"type": "number"}
                      },
                      "additionalProperties": false
                    }
                  }
                },
                "additionalProperties": false
              },
              "AdminBan": {
                "type": "object",
                "required": ["kind", "reason"],
                "properties": {
                  "subject": {"type": "string"},
                  "address": {"type": "string"},
                  "lobby": {"$ref": "#/components/schemas/LobbyID"},
                  "kind": {"enum": ["kick", "ban"]},
                  "reason": {"type": "string"},
                  "by": {"type": "string"},
                  "seconds": {"type": "number"}
                },
                "additionalProperties": false
              },
              "JournalEntry": {
                "type": "object",
                "required": ["kind", "secondsAgo"],
                "properties": {
                  "kind": {
                    "enum": [
                      "connected",
                      "upgraded",
                      "closed",
                      "ended",
                      "joined",
                      "resumed",
                      "refused",
                      "dropped",
                      "left",
                      "kicked",
                      "banned",
                      "replaced",
                      "expired",
                      "lobby-closed"
                    ]
                  },
                  "secondsAgo": {"type": "number", "minimum": 0},
                  "session": {"type": "integer", "minimum": 1},
                  "lobby": {"type": "string"},
                  "seat": {"type": "integer", "minimum": 0},
                  "name": {"type": "string"},
                  "subject": {"type": "string"},
                  "address": {"type": "string"},
                  "code": {"type": "integer", "minimum": 1000},
                  "detail": {"type": "string"}
                },
                "additionalProperties": false
              },
              "AuditEntry": {
                "type": "object",
                "required": ["id", "at", "actor", "address", "action", "target", "reason", "outcome"],
                "properties": {
                  "id": {"type": "string"},
                  "at": {"type": "integer", "description": "Milliseconds since 1970."},
                  "actor": {"type": "string"},
                  "address": {"type": "string"},
                  "action": {"type": "string"},
                  "target": {"type": "string"},
                  "reason": {"type": "string"},
                  "outcome": {"type": "string", "description": "done, or the code of the refusal."}
                },
                "additionalProperties": false
              }
            }
          }
        }

        """##,
        type: "application/json")
}
