function New-AgentDiskFile {
    <#
    .SYNOPSIS
    Makes a virtual disk: empty, copied from another (which is not changed), or linked to it. Nothing is left when a part fails.
    #>
    [CmdletBinding()]
    [OutputType([void])]
    param(
        [Parameter(Mandatory = $true)] [string] $Path,
        [AllowNull()] [object] $SizeBytes = $null,
        [AllowEmptyString()] [string] $Source = '',
        [switch] $Linked,
        [switch] $Fixed
    )
    $folder = [System.IO.Path]::GetDirectoryName($Path)
    $old = $null
    if ($Source -ne '') {
        $old = Get-VHD -Path $Source
        if ($null -ne $SizeBytes -and [long]$SizeBytes -lt [long]$old.Size) { throw (New-AgentFailure -Code DISK_SHRINK_REFUSED -Message "What is copied has $($old.Size) bytes." -Pointer '/size_bytes') }
        if (-not $Linked) { Assert-AgentSpace -Path $folder -Bytes ([long]$old.FileSize) }
    }
    if ($Fixed) {
        $bytes = $SizeBytes
        if ($null -eq $bytes) { $bytes = $old.Size }
        Assert-AgentSpace -Path $folder -Bytes ([long]$bytes)
    }
    # Two processes that find the place free at once: the second must not take away, by its clean-up, what the first made.
    $claim = $null
    try { $claim = [System.IO.FileStream]::new("$Path.making", [System.IO.FileMode]::CreateNew, [System.IO.FileAccess]::Write, [System.IO.FileShare]::None, 1, [System.IO.FileOptions]::DeleteOnClose) }
    catch [System.IO.IOException] {
        if (-not [System.IO.File]::Exists("$Path.making")) { throw }
        throw (New-AgentFailure -Code DISK_EXISTS -Message 'A disk of that name is being made.' -Pointer '/name')
    }
    $mayDelete = $false
    try {
        if ([System.IO.File]::Exists($Path)) { throw (New-AgentFailure -Code DISK_EXISTS -Message 'There is a disk of that name already.' -Pointer '/name') }
        $mayDelete = $true
        if ($Linked) { $null = New-VHD -Path $Path -ParentPath $Source -Differencing }
        elseif ($Source -ne '') {
            $type = 'Dynamic'
            if ($Fixed) { $type = 'Fixed' }
            Convert-VHD -Path $Source -DestinationPath $Path -VHDType $type
        }
        elseif ($Fixed) { $null = New-VHD -Path $Path -SizeBytes ([uint64]$SizeBytes) -Fixed }
        else { $null = New-VHD -Path $Path -SizeBytes ([uint64]$SizeBytes) -Dynamic }
        if ($null -ne $old -and $null -ne $SizeBytes -and [long]$SizeBytes -gt [long]$old.Size) { Resize-VHD -Path $Path -SizeBytes ([uint64]$SizeBytes) }
        $made = Get-VHD -Path $Path
        if ($null -ne $SizeBytes -and [long]$made.Size -ne [long]$SizeBytes) { throw (New-AgentFailure -Code HYPERVISOR_FAILED -Message "The disk was made with $($made.Size) bytes." -Pointer '/size_bytes') }
    }
    catch {
        $problem = $_
        try { if ($mayDelete) { [System.IO.File]::Delete($Path) } } catch { Write-Warning "A disk that was begun could not be deleted: $_" }
        throw $problem
    }
    finally { $claim.Dispose() }
}
