"""Messages for people, on phones, in mailboxes and chats, by Apprise in a process of its own."""
