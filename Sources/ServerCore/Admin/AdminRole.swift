/// What an admin may do. Each role may also do what those before it may.
package enum AdminRole: String, Sendable, CaseIterable, Comparable {
    /// To look on.
    case viewer
    /// To act on players and lobbies.
    case moderator
    /// To act on the server, and to see who has done what.
    case admin

    package static func < (left: AdminRole, right: AdminRole) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .viewer: 0
        case .moderator: 1
        case .admin: 2
        }
    }
}

/// Somebody who may log in as admin.
package struct AdminUser: Sendable, Equatable {
    /// The user name.
    package let name: String
    /// What the user may do.
    package let role: AdminRole
    /// Changes whenever the password or the role does: what was given to one who had another stamp is worth nothing.
    package let stamp: String

    /// A user.
    package init(_ name: String, _ role: AdminRole, stamp: String) {
        self.name = name
        self.role = role
        self.stamp = stamp
    }
}

/// Who asks for something as an admin, and from where.
struct AdminActor: Sendable {
    let user: AdminUser
    /// The peer's address.
    let address: String
}

/// What became of a user name and a password.
package enum AdminVerdict: Sendable, Equatable {
    /// They are right.
    case right(AdminUser)
    /// They are not. Whether there is a user of that name is for us alone to know.
    case wrong(isKnown: Bool)
}
