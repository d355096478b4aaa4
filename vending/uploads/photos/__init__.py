"""Photos of visits: bytes of anybody's → two clean pictures. Pure; Pillow is imported where it draws."""
